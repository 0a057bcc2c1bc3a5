"""Every route that is of no single entity, with what guards it. A route that is not here makes a test red."""

# Anybody may ask. The portal's pages ask for a partner's sign-in of their own (sales/partners/tests), an offer for the
# token of its link (sales/quotes/tests).
PUBLIC = "public"
# Anybody who is signed in: it holds no records, or only what is one's own.
SELF = "self"
# What was made for one person is that person's: anybody else's does not exist.
OWN = "own"
# ``<label>/<pk>``: the record must be within reach, else it does not exist.
RECORD = "record"
# What hangs on a record, or happened to it: as the record.
HOLDER = "holder"
# Rows of entities, as far as the person reaches; proved row by row in the test of the room.
ROWS = "rows"
# A right of its own: keeping roles, importing, handing over, taking calls.
RIGHT = "right"
# A program with a token of a person: rows, records and verbs as that person; asked of the oracle with the pages.
TOKEN = "token"

GUARDS = {
    PUBLIC: (
        "/healthz /readyz /i18n/setlang/ /sign-in/ /sign-out/ /password-reset/ /password-reset/sent/"
        " /password-reset/<uidb64>/<token>/ /calendar/feed/<str:token>.ics /approvals/mail/<str:token>/"
        " /hooks/sms/<int:pk>/ /hooks/calls/<int:pk>/ /hooks/in/<slug:token>/ /hooks/events/<slug:token>/"
        " /f/embed.js /f/confirm/<str:token>/ /f/<slug:token>/ /f/<slug:token>/thanks/ /q/<slug:code>/"
        " /preferences/<str:token>/ /portal/partner/ /portal/partner/sign-in/ /portal/partner/sign-out/"
        " /portal/partner/forgotten/ /portal/partner/welcome/<str:token>/ /portal/partner/leads/<int:pk>/"
        " /portal/partner/registrations/ /portal/partner/people/ /portal/partner/feedback/ /portal/partner/together/"
        " /portal/partner/together/<int:pk>/ /portal/partner/documents/ /portal/partner/documents/<int:pk>/<int:file>/"
        " /offer/<str:token>/ /offer/<str:token>/quote.pdf /d/<str:token>/ /d/<str:token>/file/ /d/<str:token>/picture/<int:number>/"
        " /b/<slug:token>/ /b/m/<str:token>/ /b/m/<str:token>/move/ /b/m/<str:token>/meeting.ics"
    ),
    SELF: (
        "/profile/ /profile/absences/new/ /profile/password/ /profile/mail/ /profile/mail/add/ /jobs/ /regions/"
        " /calendar/addresses/ /calendar/addresses/new/ /notifications/ /notifications/count/ /notifications/latest/"
        " /notifications/read/ /notifications/preferences/ /approvals/ /approvals/count/ /calls/now/ /home/start/close/"
        " /seen-as/stop/ /mail/poll/ /mail/write/ /activities/colleagues/ /activities/due/ /activities/lead-times/"
    ),
    OWN: (
        "/profile/absences/<int:pk>/ /profile/mail/<int:pk>/ /profile/mail/<int:pk>/test/ /jobs/<int:pk>/"
        " /jobs/<int:pk>/progress/ /jobs/<int:pk>/cancel/ /jobs/<int:pk>/resume/ /jobs/<int:pk>/files/<int:file_pk>/"
        " /imports/<int:pk>/reading/ /imports/<int:pk>/reading/state/ /imports/<int:pk>/columns/ /imports/<int:pk>/values/"
        " /imports/<int:pk>/check/ /imports/<int:pk>/check/state/ /imports/<int:pk>/begin/ /imports/<int:pk>/undo/"
        " /imports/<int:pk>/rejected.<str:format> /calendar/addresses/<int:pk>/end/ /notifications/<int:pk>/"
        " /notifications/<int:pk>/read/ /notifications/<int:pk>/again/ /mail/drafts/<int:pk>/ /mail/drafts/<int:pk>/drop/"
    ),
    RECORD: (
        "/activities/add/<str:label>/<int:pk>/ /activities/next/<str:label>/<int:pk>/"
        " /activities/mentions/<str:label>/<int:pk>/ /activities/people/<str:label>/<int:pk>/"
        " /activities/follow/<str:label>/<int:pk>/ /activities/share/<str:label>/<int:pk>/"
        " /activities/star/<str:label>/<int:pk>/"
        " /automation/<str:label>/<int:pk>/ /automation/<str:label>/<int:pk>/run/<int:rule_pk>/"
        " /approvals/ask/<str:label>/<int:pk>/ /approvals/ask/<str:label>/<int:pk>/<int:process_pk>/"
        " /approvals/gate/<str:label>/<int:pk>/ /calls/dial/<str:label>/<int:pk>/ /texts/<str:label>/<int:pk>/"
        " /privacy/consents/<str:label>/<int:pk>/ /privacy/unmask/<str:label>/<int:pk>/"
        " /customers/insight/<str:label>/<int:pk>/ /customers/insight/<str:label>/<int:pk>/later/"
        " /customers/insight/<str:label>/<int:pk>/suggestion/ /customers/insight/<str:label>/<int:pk>/website/"
        " /points/<str:label>/<int:pk>/ /points/<str:label>/<int:pk>/export/ /segments/of/<str:label>/<int:pk>/"
        " /handover/takers/<str:label>/<int:pk>/ /sequences/preview/<str:label>/<int:pk>/ /papers/<str:label>/<int:pk>/"
    ),
    HOLDER: (
        "/files/<int:pk>/download/ /files/<int:pk>/download/<int:number>/ /files/<int:pk>/preview/<slug:size>/"
        " /files/<int:pk>/preview/<slug:size>/<int:number>/ /files/<int:pk>/version/ /files/<int:pk>/restore/<int:number>/"
        " /files/<int:pk>/remove/ /activities/tasks/<int:pk>/tick/ /activities/tasks/<int:pk>/step/"
        " /activities/tasks/<int:pk>/invite/ /calendar/<int:pk>/move/ /activities/comments/<int:pk>/reply/"
        " /activities/comments/<int:pk>/change/ /activities/comments/<int:pk>/remove/ /activities/share/<int:pk>/end/"
        " /undo/set/<int:pk>/ /undo/entry/<int:pk>/ /merges/<int:pk>/ /merges/<int:pk>/undo/"
        " /sales/whitespace/<int:pk>/ /sales/bank/<int:pk>/read/"
        " /leads/<int:pk>/answers/<int:question>/ /documents/<int:pk>/version/ /documents/<int:pk>/share/"
        " /documents/<int:pk>/restore/<int:number>/ /documents/<int:pk>/place/ /documents/share/<int:pk>/revoke/ /sales/quotes/<int:pk>/sending/"
    ),
    ROWS: (
        "/ /search/ /commands/ /home/widget/<slug:name>/ /nav/count/<str:label>/ /analytics/sales/ /analytics/sales/people/"
        " /activities/volume/ /activities/volume/rows/ /calendar/ /calendar/events/ /mail/ /mail/<int:pk>/"
        " /mail/<int:pk>/seen/ /mail/<int:pk>/find/ /mail/<int:pk>/link/ /mail/<int:pk>/unlink/<int:link_pk>/"
        " /mail/<int:pk>/privacy/ /mail/<int:pk>/take-back/ /mail/<int:pk>/again/ /mail/<int:pk>/delete/"
        " /mail/<int:pk>/answer/<slug:how>/ /mail/people/ /approvals/<int:pk>/ /approvals/<int:pk>/do/<slug:verb>/"
        " /approvals/task/<int:pk>/ /approvals/task/<int:pk>/do/<slug:verb>/ /activities/guests/<int:pk>/answer/"
        " /activities/guests/<int:pk>/remove/ /calls/<int:pk>/close/"
        " /marketing/webforms/<int:pk>/fields/ /marketing/webforms/<int:pk>/submissions/<int:submission_pk>/retry/"
        " /marketing/links/<int:pk>/qr.<str:kind> /customers/contacts/<int:pk>/card.vcf"
        " /duplicates/ /duplicates/<int:pk>/ /duplicates/ask/ /customers/org/<int:account>/<int:contact>/"
        " /segments/<int:pk>/count/ /analytics/rfm/ /analytics/money/ /partners/ranking/"
        " /sales/targets/plan/ /sales/attainment/ /sales/forecast/ /sales/forecast/deals/ /sales/forecast/changes/ /sales/cash/"
        " /sales/attainment/rows/ /sales/forecast/expected/ /sales/cash/rows/ /analytics/money/approvals/ /analytics/wins/"
        " /analytics/wins/rows/"
    ),
    TOKEN: (
        "/api/v1/openapi.json /api/v1/<slug:area>/<slug:slug>/ /api/v1/<slug:area>/<slug:slug>/<int:pk>/"
        " /api/v1/<slug:area>/<slug:slug>/<int:pk>/do/<slug:name>/"
    ),
    RIGHT: (
        "/marketing/events/import/ /handover/ /import/<str:label>/ /import/<str:label>/template.<str:format> /audit/ /seen-as/<int:pk>/"
        " /mail/aside/<int:pk>/ /approvals/cards/effect/<str:label>/ /approvals/cards/node/<str:label>/"
        " /duplicates/scan/ /privacy/holds/<int:pk>/release/ /customers/cleansing/ /customers/cleansing/<slug:code>/"
        " /customers/cleansing/<slug:code>/count/ /analytics/rfm/setup/ /analytics/rfm/score/ /handover/people/<str:which>/"
        " /documents/upload/ /sequences/<int:pk>/steps/ /sales/invoices/issue/"
    ),
}
TABLE = {route: guard for guard, listed in GUARDS.items() for route in listed.split()}
