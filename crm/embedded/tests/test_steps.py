import pytest

from crm.embedded import steps


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Runs a step on ``input``, which makes ``output``; whether it ran."""
    monkeypatch.setattr(steps, "RECORDS", tmp_path / "steps")
    source, output = tmp_path / "input", tmp_path / "output"
    source.write_text("one")

    def run(action=lambda: output.write_text("made")):
        return steps.step("A step", action, inputs=[source, "option"], makes=[output])

    run.source, run.output = source, output
    return run


def test_a_finished_step_is_skipped_until_its_input_or_output_changes(ran):
    assert ran() is True
    assert ran() is False
    ran.source.write_text("two")
    assert ran() is True
    ran.output.unlink()
    assert ran() is True
    assert ran() is False


def test_a_step_that_failed_runs_again(ran):
    with pytest.raises(ZeroDivisionError):
        ran(lambda: 1 / 0)
    assert ran() is True


def test_a_file_added_to_a_directory_changes_its_fingerprint(tmp_path):
    before = steps.fingerprint([tmp_path])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text("x")
    after = steps.fingerprint([tmp_path])
    (tmp_path / "deep" / "file").rename(tmp_path / "deep" / "other")
    assert len({before, after, steps.fingerprint([tmp_path])}) == 3
