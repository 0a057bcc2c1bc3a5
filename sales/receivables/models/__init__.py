from sales.receivables.models.instalment import Instalment, WriteOff
from sales.receivables.models.payment import Allocation, Payment, Refund
from sales.receivables.models.statement import BankStatement, StatementLine
from sales.receivables.models.tally import ContractTally, InstalmentTally, PaymentTally

__all__ = [
    "Allocation",
    "BankStatement",
    "ContractTally",
    "Instalment",
    "InstalmentTally",
    "Payment",
    "PaymentTally",
    "Refund",
    "StatementLine",
    "WriteOff",
]
