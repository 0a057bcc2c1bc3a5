"""What follows from orders: what waits for the delivery comes due."""

from __future__ import annotations

from sales.orders import changing, services  # noqa: F401 - joins what follows the approval of contracts
