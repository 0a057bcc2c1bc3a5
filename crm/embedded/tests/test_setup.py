import polib

from crm.embedded import setup


def test_without_root_the_exact_line_is_printed_and_the_set_up_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(setup, "loadable", lambda library: False)
    monkeypatch.setattr(setup, "has_chinese_font", lambda: True)
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    setup.system_packages(tests=False)
    packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libmagic1"
    line = f"sudo apt-get install -y --no-install-recommends {packages}\n"
    said = capsys.readouterr().out
    assert line in said and "PDF output waits" in said


def test_a_machine_with_everything_installs_nothing(monkeypatch, capsys):
    monkeypatch.setattr(setup, "missing_packages", lambda *, tests: [])
    monkeypatch.setattr(setup, "install_packages", None)
    setup.system_packages(tests=True)
    assert "all there" in capsys.readouterr().out


def test_guessed_translations_are_not_compiled(tmp_path, monkeypatch):
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    catalogue.append(polib.POEntry(msgid="Name", msgstr="名称"))
    catalogue.append(polib.POEntry(msgid="Guess", msgstr="猜", flags=["fuzzy"]))
    catalogue.save(str(tmp_path / "django.po"))
    monkeypatch.setattr(setup, "catalogues", lambda: [tmp_path / "django.po"])
    setup.compile_translations()
    assert [entry.msgid for entry in polib.mofile(str(tmp_path / "django.mo"))] == ["Name"]
