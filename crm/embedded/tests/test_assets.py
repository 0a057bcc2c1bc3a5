import pytest

from crm.embedded import assets


@pytest.fixture
def modules(tmp_path):
    """A node_modules of tiny files with the names of the real ones."""
    for source in assets.FILES.values():
        path = tmp_path / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("body\n/*# sourceMappingURL=body.css.map */\n//# sourceMappingURL=body.js.map\n")
    icon = tmp_path / "@tabler/icons/icons/outline/home.svg"
    icon.parent.mkdir(parents=True)
    icon.write_text('<svg xmlns="http://www.w3.org/2000/svg"><path stroke="none" d="M0 0h24"/><path d="M5 12"/></svg>')
    return tmp_path


def test_copies_lose_their_source_maps(modules, tmp_path):
    written = assets.copy_files(modules, tmp_path / "vendor")
    assert len(written) == len(assets.FILES)
    assert not any("sourceMappingURL" in path.read_text() for path in written)


def test_a_missing_file_says_what_to_do(modules, tmp_path):
    (modules / assets.FILES["htmx.min.js"]).unlink()
    with pytest.raises(assets.AssetError, match="run npm ci"):
        assets.copy_files(modules, tmp_path / "vendor")


def test_the_sprite_has_a_symbol_an_icon_without_the_bounding_box(modules):
    svg = assets.sprite(["home"], modules)
    assert '<symbol id="home" viewBox="0 0 24 24"' in svg
    assert 'd="M5 12"' in svg and "M0 0h24" not in svg


def test_an_unknown_icon_is_named(modules):
    with pytest.raises(assets.AssetError, match="no-such-icon"):
        assets.sprite(["no-such-icon"], modules)


def test_icon_names_skip_comments_and_repeats(tmp_path):
    path = tmp_path / "icons.txt"
    path.write_text("users\nhome # the house\n\n# nothing\nhome\n")
    assert assets.icon_names(path) == ["home", "users"]
