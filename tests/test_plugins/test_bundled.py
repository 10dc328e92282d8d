"""Every plugin that comes with the platform keeps the contract of plugins."""

import pytest

from formplatform.core.version import VERSION
from plugins.base import FormPlugin, SubmittedResponse
from plugins.loader import BUNDLED, find_plugins, load_class
from plugins.registry import disable_plugin, enable_plugin
from plugins.sandbox import Trust

NAMES = sorted(path.parent.name for path in BUNDLED.glob("*/manifest.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_trusted_fits_and_loads(name):
    plugin = find_plugins()[name]

    assert (plugin.trust, plugin.problem) == (Trust.BUNDLED, "")
    assert issubclass(load_class(plugin), FormPlugin)
    assert plugin.manifest.fits_platform, VERSION
    assert plugin.manifest.description


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_switched_on_and_off(name, row):
    enable_plugin(name)
    assert row(name).enabled
    disable_plugin(name)
    assert not row(name).enabled


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_a_response_without_answers(name):
    plugin = load_class(find_plugins()[name])({})

    plugin.after_submit(
        [
            SubmittedResponse(
                event_id="evt_1", form_id="f", response_id="r", submitted_at="x", answers=None
            )
        ]
    )


def test_the_noop_plugin_is_called_for_every_response(submit, row):
    enable_plugin("noop")
    for _ in range(3):
        submit()

    noop = row("noop")
    assert (noop.calls, noop.failures, noop.last_error) == (3, 0, "")
    assert noop.last_called_at is not None


def test_a_disabled_plugin_is_not_called(submit, row):
    enable_plugin("noop")
    submit()
    disable_plugin("noop")
    submit()

    assert row("noop").calls == 1


def test_no_plugin_runs_before_somebody_enables_it(submit, row):
    submit()

    from plugins.registry import active_plugins

    assert active_plugins("after_submit") == []
