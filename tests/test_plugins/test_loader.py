import pytest
from django.core.checks import run_checks

from formplatform.core.errors import ConflictError
from plugins.loader import find_plugins, load_class
from plugins.registry import active_plugins, enable_plugin, list_plugins
from plugins.sandbox import REFUSAL, Trust


def test_a_plugin_from_outside_is_refused_while_sandboxing_is_asked_for(
    write_plugin, settings, row, tmp_path
):
    settings.PLUGIN_ENABLE_SANDBOXING = True
    folder = write_plugin("mine", "Path(__file__).with_name('ran').touch()")

    plugin = find_plugins()["mine"]
    assert (plugin.trust, plugin.problem) == (Trust.REFUSED, REFUSAL)
    with pytest.raises(ConflictError, match="PLUGIN_ENABLE_SANDBOXING"):
        enable_plugin("mine")

    assert not row("mine").enabled
    assert not (folder / "ran").exists()


def test_a_plugin_that_was_enabled_stops_when_sandboxing_is_asked_for(enabled, settings, row):
    from plugins.registry import forget_active

    enabled("mine", "x = 1")
    settings.PLUGIN_ENABLE_SANDBOXING = True
    forget_active()

    assert active_plugins("after_submit") == []
    assert row("mine").last_error == REFUSAL


def test_the_operator_may_vouch_for_the_directory(enabled):
    enabled("mine", "x = 1")

    assert [plugin.manifest.name for plugin in active_plugins("after_submit")] == ["mine"]
    assert find_plugins()["mine"].trust is Trust.VOUCHED


def test_vouching_is_mentioned_at_every_start(directory, settings):
    (warning,) = [each for each in run_checks() if each.id == "plugins.W001"]
    assert str(directory) in warning.msg

    settings.PLUGIN_ENABLE_SANDBOXING = True
    assert [each for each in run_checks() if each.id == "plugins.W001"] == []


def test_a_bundled_name_cannot_be_taken(write_plugin):
    write_plugin("noop", "x = 1")

    assert find_plugins()["noop"].trust is Trust.BUNDLED


def test_a_plugin_for_another_platform_is_refused(write_plugin):
    folder = write_plugin("mine", "x = 1")
    text = (folder / "manifest.toml").read_text().replace(">=2.0,<3", ">=3")
    (folder / "manifest.toml").write_text(text)

    with pytest.raises(ConflictError, match="made for the platform >=3; this is 2"):
        enable_plugin("mine")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('at import')", "at import"),
        ("this is no python", "SyntaxError"),
        ("import a_package_nobody_has", "a_package_nobody_has"),
        ("class Mine: pass", "is no FormPlugin"),
        ("Mine = 3", "is no FormPlugin"),
        ("", "is no FormPlugin"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_says_why_and_stays_off(write_plugin, row, code, reason):
    folder = write_plugin("mine", "x = 1")
    (folder / "plugin.py").write_text(code)

    with pytest.raises(ConflictError, match=reason):
        enable_plugin("mine")

    assert not row("mine").enabled


def test_a_plugin_without_its_module_says_so(write_plugin):
    folder = write_plugin("mine", "x = 1")
    (folder / "plugin.py").unlink()

    with pytest.raises(ConflictError, match="cannot be loaded"):
        load_class(find_plugins()["mine"])


def test_a_broken_manifest_is_listed_with_its_mistake(directory):
    (directory / "mine").mkdir()
    (directory / "mine" / "manifest.toml").write_text("[plugin]\nname = 3")

    (found,) = [plugin for row, plugin in list_plugins() if row.name == "mine"]

    assert found.manifest is None
    assert "The manifest is wrong" in found.problem
    with pytest.raises(ConflictError, match="The manifest is wrong"):
        enable_plugin("mine")


def test_a_plugin_whose_folder_is_gone_is_still_listed(enabled, row):
    from shutil import rmtree

    from plugins.registry import forget_active

    folder = enabled("mine", "x = 1")
    rmtree(folder)
    forget_active()

    assert active_plugins("after_submit") == []
    assert row("mine").last_error == "The plugin's folder is gone."
    assert [plugin for known, plugin in list_plugins() if known.name == "mine"] == [None]


def test_a_plugin_whose_constructor_fails_says_so(write_plugin):
    write_plugin("mine", "def __init__(self, settings):\n    raise ValueError('no settings')")

    with pytest.raises(ValueError, match="no settings"):
        enable_plugin("mine")
