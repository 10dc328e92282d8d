"""What is wrong with an endpoint's messages, found before it is saved: by making some."""

from collections.abc import Collection, Iterator, Mapping

from formplatform.core.errors import FieldError, InvalidInputError
from formplatform.forms.schema.problems import did_you_mean
from integrations.outbound.headers import check_headers
from integrations.webhooks.shaping.budget import Budget, Fault
from integrations.webhooks.shaping.escaping import DEFAULT_TYPE, is_known, known_types
from integrations.webhooks.shaping.presets.registry import PLAIN, presets
from integrations.webhooks.shaping.sandbox import compile_template
from integrations.webhooks.shaping.selections import parse_selection, select

from .renderings import Rendering, body_of
from .samples import sample_scenes


def header_errors(headers: Mapping[str, str]) -> list[FieldError]:
    """Each under `headers`, with its name."""
    try:
        check_headers(headers)
    except InvalidInputError as refusal:
        return [
            FieldError(
                each.field if each.field == "headers" else f"headers.{each.field}",
                each.code,
                each.message,
            )
            for each in refusal.errors
        ]
    return []


def rendering_errors(
    rendering: Rendering, *, form_id: str, events: Collection[str]
) -> list[FieldError]:
    """What does not fit together or cannot be compiled; else the first sample that fails."""
    errors = [*_preset_errors(rendering), *_type_errors(rendering), *_syntax_errors(rendering)]
    if errors or not rendering.is_shaped:
        return errors
    for name, scene in sample_scenes(form_id, events, personal=rendering.personal):
        try:
            if rendering.selection:
                select(rendering.selection, scene.message, budget=Budget())
        except Fault as fault:
            return [_failed("selection", name, fault)]
        try:
            body_of(scene, rendering)
        except Fault as fault:
            return [_failed("template" if rendering.template else "selection", name, fault)]
    return []


def _preset_errors(rendering: Rendering) -> Iterator[FieldError]:
    preset = presets().get(rendering.preset)
    if preset is None:
        known = ", ".join(presets())
        hint = did_you_mean(rendering.preset, presets())
        yield FieldError("preset", "unknown_preset", f"Choose from {known}.{hint}")
    elif not preset.takes_selection and (rendering.selection or rendering.template):
        name = "template" if rendering.template else "selection"
        message = f"The preset {preset.name} writes its own message: leave this empty, or choose "
        yield FieldError(name, "not_with_preset", f"{message}the preset {PLAIN}.")


def _type_errors(rendering: Rendering) -> Iterator[FieldError]:
    if not is_known(rendering.content_type):
        known = ", ".join(known_types())
        yield FieldError("content_type", "unknown_content_type", f"Choose from {known}.")
    elif rendering.content_type != DEFAULT_TYPE and not rendering.template:
        message = f"Without a template the body is {DEFAULT_TYPE}."
        yield FieldError("content_type", "needs_a_template", message)


def _syntax_errors(rendering: Rendering) -> Iterator[FieldError]:
    if rendering.selection:
        try:
            parse_selection(rendering.selection)
        except Fault as fault:
            yield FieldError("selection", fault.code, str(fault))
    if rendering.template and is_known(rendering.content_type):
        try:
            compile_template(rendering.template, rendering.content_type)
        except Fault as fault:
            yield FieldError("template", fault.code, str(fault))


def _failed(name: str, sample: str, fault: Fault) -> FieldError:
    return FieldError(name, fault.code, f"With a sample {sample}: {fault}")
