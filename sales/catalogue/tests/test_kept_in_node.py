"""What the browser keeps of unsaved forms: for one person, until they sign out. The script itself, under node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "static/js/kept.js"
RUN = """
const heard = {}
const form = { dataset: { forgets: "7" }, addEventListener: (name, done) => { heard[name] = done } }
const fresh = (root, selector) => [form]
const now = JSON.stringify({ at: Date.now(), base: "[]", body: "[]" }), old = JSON.stringify({ at: 0 })
globalThis.sessionStorage = { clear: () => {} }
globalThis.localStorage = { "kept:7:/a/": now, "kept:7:/b/": old, "kept:77:/a/": now, theme: "dark" }
Object.defineProperty(localStorage, "getItem", { value: (name) => localStorage[name] ?? null })
Object.defineProperty(localStorage, "removeItem", { value: (name) => { delete localStorage[name] } })
%s
mount(null)
const signedIn = Object.keys(localStorage)
heard.submit()
process.stdout.write(JSON.stringify([signedIn, Object.keys(localStorage)]))
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_what_was_typed_is_one_persons_until_they_sign_out():
    source = SCRIPT.read_text().replace('import { fresh } from "crm/dom"', "")
    done = subprocess.run(
        ["node", "--input-type=module", "-e", RUN % source], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == [["kept:7:/a/", "theme"], ["theme"]]
