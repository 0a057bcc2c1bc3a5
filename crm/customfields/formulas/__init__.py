"""What is worked out from other values: formulas, roll-ups, and rules that judge a record."""
