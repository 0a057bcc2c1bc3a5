"""Drawing what other rooms put on the home page."""

from typing import Any

from django import template
from django.template import Context, Engine
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def show_widget(context: Context, widget: dict[str, Any]) -> SafeString:
    """A widget; its template sees the page's context and its own."""
    with context.push(**widget["context"]):
        return Engine.get_default().get_template(widget["template"]).render(context)
