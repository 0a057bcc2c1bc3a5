from django.urls import path

from crm.messaging.views import mailbox

app_name = "messaging"
urlpatterns = [
    path("mail/<int:pk>/", mailbox.message, name="message"),
]
