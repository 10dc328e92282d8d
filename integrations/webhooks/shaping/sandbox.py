"""Templates: Jinja's syntax, none of its reach, and a budget.

A template sees plain JSON values only. Names are looked up in objects and lists, never as
attributes of Python objects; operators work on numbers; what is printed is escaped for the content
type. It is compiled once and kept; a rendering shares nothing with another but the compiled code.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from formplatform.forms.schema.problems import did_you_mean

from . import syntax
from .budget import Budget, Fault
from .escaping import ESCAPES, JsonWriter, is_json
from .template_filters import (
    BUDGET,
    FILTERS,
    TESTS,
    Json,
    budget_of,
    json_of,
    known,
    number_of,
    text_of,
)

LONGEST_SOURCE = 16 * 1024
KEPT = 512
NAMES = frozenset({"type", "timestamp", "data", "selected", "answers", "fields", "form", "link"})
"""What a template may speak of: see `scenes.Scene.names`."""
LOOP_NAMES = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
VALUE = "\0"
"""Before a printed value, where it has to be told from literal text. Sources cannot hold it."""
_EXPECTED = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item of an object or a list, or a fact of a loop; nothing else has parts."""
        if isinstance(obj, Mapping):
            if isinstance(argument, str) and argument in obj:
                return obj[argument]
        elif isinstance(obj, list | tuple | str):
            if isinstance(argument, int) and -len(obj) <= argument < len(obj):
                return obj[argument]
        elif isinstance(obj, LoopContext) and argument in LOOP_NAMES:
            return getattr(obj, argument)
        return self._nothing(known(obj), argument)

    def _nothing(self, obj: Any, argument: Any) -> Undefined:
        names = [each for each in obj if isinstance(each, str)] if isinstance(obj, Mapping) else []
        hint = did_you_mean(str(argument)[:64], names)
        message = f"There is no {str(argument)[:64]!r} here.{hint}"
        return self.undefined(message, obj=obj, name=str(argument))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - Jinja's
        return self._bounded(self.binop_table[operator](*map(_operand, (left, right))))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:  # noqa: ARG002 - Jinja's
        return self.unop_table[operator](_operand(arg))

    def call(self, *_: Any, **__: Any) -> Any:
        raise Fault("not_allowed", "Nothing can be called here.")

    @staticmethod
    def _bounded(number: Any) -> Any:
        if abs(number) > syntax.LARGEST_NUMBER:
            raise Fault("too_large", f"A number is larger than {syntax.LARGEST_NUMBER:,}.")
        return number


def _operand(value: Any) -> float | int:
    if isinstance(known(value), str):
        raise Fault("invalid_argument", "+ - * / are for numbers: join texts with ~.")
    return number_of(value)


@pass_context
def _put_json(context: Context, value: Any) -> str:
    """Both ways a value can be written; the writer picks by where it stands."""
    budget_of(context).spend_value(known(value))
    if isinstance(value, Json):
        return f"{VALUE}{value}{VALUE}{json_of(str(value))}"
    return f"{VALUE}{json_of(value)}{VALUE}{json_of(text_of(value))}"


@pass_context
def _put_text(context: Context, value: Any) -> str:
    budget_of(context).spend_value(known(value))
    return VALUE + text_of(value)


@pass_context
def _loop(context: Context, value: Any, weight: int) -> list[Any]:
    if not isinstance(known(value), list | tuple | Mapping):
        raise Fault("invalid_argument", "A loop goes through a list or an object.")
    found = list(value)
    budget_of(context).spend(1 + len(found) * weight)
    return found


@pass_context
def _made(context: Context, value: Any) -> Any:
    budget_of(context).spend_value(known(value))
    return value


@pass_context
def _joined(context: Context, parts: list[Any]) -> str:
    texts = [text_of(known(each)) for each in parts]
    budget_of(context).spend_text(sum(map(len, texts)))
    return "".join(texts)


def _environment(put: Any) -> _Environment:
    made = _Environment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,
        cache_size=0,
    )
    made.globals.clear()
    hidden = {syntax.PUT: put, syntax.LOOP: _loop, syntax.MADE: _made, syntax.JOINED: _joined}
    made.filters = {**FILTERS, **hidden}
    made.tests = dict(TESTS)
    return made


_FOR_JSON, _FOR_TEXT = _environment(_put_json), _environment(_put_text)


@lru_cache(maxsize=KEPT)
def compile_template(source: str, content_type: str) -> Template:
    """Raises Fault for what is no template, or one that is not allowed; with the line."""
    if len(source) > LONGEST_SOURCE:
        raise Fault("too_long", f"A template has at most {LONGEST_SOURCE:,} characters.")
    if any(mark < " " and mark not in "\n\r\t" for mark in source):
        raise Fault("invalid_text", "Control characters are not allowed.")
    environment = _FOR_JSON if is_json(content_type) else _FOR_TEXT
    try:
        tree = environment.parse(source)
        syntax.check(tree, names=NAMES, filters=FILTERS, tests=TESTS)
        syntax.count_steps(tree)
        code = _compiled(environment, tree)
    except TemplateSyntaxError as error:
        raise Fault("invalid_template", _sentence(error.message), line=error.lineno) from error
    except (RecursionError, MemoryError) as error:
        raise Fault("too_complex", "The template is nested too deeply.") from error
    except (SyntaxError, ValueError, TypeError) as error:
        raise Fault("invalid_template", "This is not a template.") from error
    return environment.template_class.from_code(environment, code, {}, None)


def render(
    source: str,
    names: Mapping[str, Any],
    *,
    content_type: str,
    most_bytes: int,
    budget: Budget,
) -> str:
    """The text that a template makes.

    Raises:
        Fault: it cannot be compiled, fails on these values, costs or makes too much; with the line.
    """
    template = compile_template(source, content_type)
    context = template.new_context({**names, BUDGET: budget}, shared=True)
    try:
        return "".join(_up_to(most_bytes, _written(template, context, content_type)))
    except Fault as fault:
        raise Fault(fault.code, fault.message, line=_line_of(template, fault)) from fault
    except _EXPECTED as error:
        message = _sentence(error.message) if isinstance(error, TemplateError) else _told(error)
        raise Fault("template_failed", message, line=_line_of(template, error)) from error
    except (RecursionError, MemoryError) as error:
        raise Fault("too_complex", "The template goes too deep.") from error


def _up_to(most_bytes: int, parts: Iterator[str]) -> Iterator[str]:
    size = 0
    for part in parts:
        size += len(part)
        if size > most_bytes:
            raise Fault("too_large", f"The text is longer than {most_bytes:,} bytes.")
        yield part


def _written(template: Template, context: Context, content_type: str) -> Iterator[str]:
    writer, escape = JsonWriter(), ESCAPES.get(content_type)
    for part in template.root_render_func(context):
        if not part.startswith(VALUE):
            yield writer.literal(part) if escape is None else part
        elif escape is None:
            _, encoded, text = part.split(VALUE)
            yield writer.value(encoded, text)
        else:
            yield escape(part[1:])


def _compiled(environment: _Environment, tree: nodes.Template) -> CodeType:
    generated = environment.compile(tree, name=None, filename=None, raw=True)
    return compile(generated, "<template>", "exec")


def _line_of(template: Template, error: BaseException) -> int | None:
    line, step = None, error.__traceback__
    while isinstance(step, TracebackType):
        if step.tb_frame.f_code.co_filename == "<template>":
            line = template.get_corresponding_lineno(step.tb_lineno)
        step = step.tb_next
    return line


def _told(error: BaseException) -> str:
    if isinstance(error, ZeroDivisionError):
        return "A division by zero."
    return "The values do not fit together here."


def _sentence(message: str | None) -> str:
    text = (message or "The template fails").partition("\n")[0][:160]
    return text if text.endswith((".", "?")) else f"{text}."
