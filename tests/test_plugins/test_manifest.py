import pytest

from formplatform.core.errors import InvalidInputError
from plugins.manifest import LARGEST_BYTES, manifest_of, read_manifest

GOOD = {
    "name": "mine",
    "version": "1.0.0",
    "platform": ">=2.0,<3",
    "entry": "plugin:Mine",
    "hooks": ["after_submit"],
}


def problems(plugin, **tables):
    with pytest.raises(InvalidInputError) as caught:
        manifest_of({"plugin": {**GOOD, **plugin}, **tables}, folder_name="mine")
    return [(error.field, error.code) for error in caught.value.errors]


def test_a_manifest_says_who_a_plugin_is():
    found = manifest_of({"plugin": GOOD}, folder_name="mine")

    assert (found.name, found.title, found.permissions) == ("mine", "mine", ())
    assert found.fits_platform


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ({"name": 1}, [("name", "required")]),
        ({"name": "../mine"}, [("name", "wrong_name")]),
        ({"name": "other"}, [("name", "wrong_name")]),
        ({"version": "one"}, [("version", "wrong_version")]),
        ({"platform": "2"}, [("platform", "wrong_range")]),
        ({"entry": "../../etc/passwd:X"}, [("entry", "wrong_entry")]),
        ({"entry": "os.path:join"}, [("entry", "wrong_entry")]),
        ({"hooks": []}, [("hooks", "required")]),
        ({"hooks": "after_submit"}, [("hooks", "wrong_type")]),
        ({"hooks": ["after_submit", "on_fire", {}]}, [("hooks", "unknown"), ("hooks", "unknown")]),
        ({"permissions": ["everything"]}, [("permissions", "unknown")]),
        ({"titel": "x"}, [("titel", "unknown_key")]),
        ({"title": 3}, [("title", "wrong_type")]),
    ],
)
def test_a_wrong_manifest_is_refused_by_the_names_of_its_mistakes(plugin, expected):
    assert problems(plugin) == expected


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": "nonsense"}, "wrong_schema"),
        ([], "wrong_schema"),
        ({"properties": {"a": {"$ref": "http://127.0.0.1/x"}}}, "reference"),
        ({"anyOf": [{"$ref": "file:///etc/passwd"}]}, "reference"),
    ],
)
def test_a_settings_schema_stands_alone(schema, code):
    assert problems({}, settings=schema) == [("settings", code)]


def test_a_manifest_without_its_table_is_refused():
    with pytest.raises(InvalidInputError, match=r"\[plugin\] is missing"):
        manifest_of({}, folder_name="mine")


@pytest.mark.parametrize("version", ["<2", ">=3", "==1.*"])
def test_a_manifest_for_another_platform_does_not_fit(version):
    assert not manifest_of(
        {"plugin": {**GOOD, "platform": version}}, folder_name="mine"
    ).fits_platform


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"not toml", b"[plugin", b"x = 1\n" * LARGEST_BYTES]
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path, content):
    (tmp_path / "manifest.toml").write_bytes(content)

    with pytest.raises(InvalidInputError):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(InvalidInputError):
        read_manifest(tmp_path)


def test_settings_are_held_against_the_schema():
    schema = {
        "required": ["url"],
        "additionalProperties": False,
        "properties": {"url": {"type": "string"}, "limits": {"items": {"type": "integer"}}},
    }
    found = manifest_of({"plugin": GOOD, "settings": schema}, folder_name="mine")

    found.check_settings({"url": "x", "limits": [1]})
    with pytest.raises(InvalidInputError) as caught:
        found.check_settings({"limits": [1, "2"], "more": 1})

    assert sorted((error.field, error.code) for error in caught.value.errors) == [
        ("settings", "additionalProperties"),
        ("settings", "required"),
        ("settings.limits.1", "type"),
    ]
