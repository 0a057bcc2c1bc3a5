"""What marketing keeps: web forms and what was sent by them, tracked links, what people did, and by what they are known."""

from marketing.models.forms import FormDay, FormField, FormSubmission, WebForm

__all__ = ["FormDay", "FormField", "FormSubmission", "WebForm"]
