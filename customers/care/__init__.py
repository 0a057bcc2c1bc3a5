"""Data care: cleaners and the jobs that apply them."""
