"""What marketing keeps: web forms and what was sent by them, tracked links, what people did, and by what they are known."""

from marketing.models.carried import Carried
from marketing.models.events import BehaviourEvent, IdentityLink
from marketing.models.forms import FormDay, FormField, FormSubmission, WebForm
from marketing.models.intake import MailIntake
from marketing.models.links import LinkDay, TrackedLink

__all__ = [
    "BehaviourEvent",
    "Carried",
    "FormDay",
    "FormField",
    "FormSubmission",
    "IdentityLink",
    "LinkDay",
    "MailIntake",
    "TrackedLink",
    "WebForm",
]
