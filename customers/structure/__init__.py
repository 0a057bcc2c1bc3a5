"""How companies and people hang together: ties, groups, the org chart."""
