"""How numbers and dates are written, where Django leaves it open."""
