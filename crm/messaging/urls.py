from django.urls import path

from crm.messaging.views import accounts, hooks, mailbox, phone, verbs, writing

app_name = "messaging"
urlpatterns = [
    path("mail/", mailbox.mailbox, name="mail"),
    path("mail/<int:pk>/", mailbox.message, name="message"),
    path("mail/<int:pk>/seen/", mailbox.seen, name="seen"),
    path("mail/<int:pk>/find/", verbs.find, name="find"),
    path("mail/<int:pk>/link/", verbs.link, name="link"),
    path("mail/<int:pk>/unlink/<int:link_pk>/", verbs.unlink, name="unlink"),
    path("mail/<int:pk>/privacy/", verbs.privacy, name="privacy"),
    path("mail/<int:pk>/take-back/", verbs.take_back, name="take_back"),
    path("mail/<int:pk>/again/", verbs.again, name="again"),
    path("mail/<int:pk>/delete/", verbs.delete, name="delete"),
    path("mail/<int:pk>/answer/<slug:how>/", writing.answer, name="answer"),
    path("mail/poll/", verbs.poll, name="poll"),
    path("mail/aside/<int:pk>/", verbs.aside, name="aside"),
    path("mail/write/", writing.write, name="write"),
    path("mail/people/", writing.people, name="people"),
    path("mail/drafts/<int:pk>/", writing.draft, name="draft"),
    path("mail/drafts/<int:pk>/drop/", writing.drop, name="drop"),
    path("calls/now/", phone.now, name="calls_now"),
    path("calls/<int:pk>/close/", phone.close, name="call_close"),
    path("calls/dial/<str:label>/<int:pk>/", phone.dial, name="dial"),
    path("texts/<str:label>/<int:pk>/", phone.text, name="text"),
    path("hooks/sms/<int:pk>/", hooks.receipt, name="receipt"),
    path("hooks/calls/<int:pk>/", hooks.call, name="call"),
    path("profile/mail/", accounts.accounts, name="accounts"),
    path("profile/mail/add/", accounts.account, name="account_add"),
    path("profile/mail/<int:pk>/", accounts.account, name="account"),
    path("profile/mail/<int:pk>/test/", accounts.test, name="account_test"),
]
