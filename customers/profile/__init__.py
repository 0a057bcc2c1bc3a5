"""What is worked out about accounts and people: completeness, health, risks, the next best step."""
