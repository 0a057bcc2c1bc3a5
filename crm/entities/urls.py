"""The generic pages of every entity, resolved at request time: ``/<area>/<slug>/…``."""

from django.urls import path

from crm.entities.views import files
from crm.entities.views.action import ActionView
from crm.entities.views.board import BoardView, LaneView, MoveView
from crm.entities.views.bulk import BulkView
from crm.entities.views.choices import ChoicesView
from crm.entities.views.delete import DeleteView, RestoreView
from crm.entities.views.edit import AddView, CheckView, EditView, RulesView
from crm.entities.views.inline import CellView
from crm.entities.views.links import LinkView
from crm.entities.views.listing import ColumnsView, CountsView, ListView, PreferencesView
from crm.entities.views.purge import PurgeView
from crm.entities.views.record import PanelView, RecordView, TabsView
from crm.entities.views.regions import suggest_regions
from crm.entities.views.related import RelatedView
from crm.entities.views.saved import SavedViewView
from crm.entities.views.timeline import HistoryView, TimelineView
from crm.entities.views.trash import TrashView
from crm.entities.views.undo import undo_one, undo_set
from crm.entities.views.why import PeopleView, WhyView

app_name = "entities"
HOME = "<slug:area>/<slug:slug>/"

urlpatterns: list = [
    path("undo/set/<int:pk>/", undo_set, name="undo_set"),
    path("undo/entry/<int:pk>/", undo_one, name="undo_entry"),
    # Files, under the addresses of crm.files
    path("files/<int:pk>/version/", files.version, name="file_version"),
    path("files/<int:pk>/restore/<int:number>/", files.restore, name="file_restore"),
    path("files/<int:pk>/remove/", files.remove, name="file_remove"),
    path("regions/", suggest_regions, name="regions"),
    # The list
    path(HOME, ListView.as_view(), name="list"),
    path(HOME + "counts/", CountsView.as_view(), name="counts"),
    path(HOME + "columns/", ColumnsView.as_view(), name="columns"),
    path(HOME + "preferences/", PreferencesView.as_view(), name="preferences"),
    path(HOME + "choices/", ChoicesView.as_view(), name="choices"),
    path(HOME + "views/<str:key>/", SavedViewView.as_view(), name="views"),
    path(HOME + "board/", BoardView.as_view(), name="board"),
    path(HOME + "board/<str:lane>/", LaneView.as_view(), name="lane"),
    path(HOME + "<int:pk>/move/", MoveView.as_view(), name="move"),
    path(HOME + "bulk/<slug:op>/", BulkView.as_view(), name="bulk"),
    path(HOME + "trash/", TrashView.as_view(), name="trash"),
    path(HOME + "purge/", PurgeView.as_view(), name="purge"),
    path(HOME + "<int:pk>/cell/<str:name>/", CellView.as_view(), name="cell"),
    # The record: page, form, verbs
    path(HOME + "add/", AddView.as_view(), name="add"),
    path(HOME + "check/", CheckView.as_view(), name="check"),
    path(HOME + "rules/", RulesView.as_view(), name="rules"),
    path(HOME + "link/<str:name>/", LinkView.as_view(), name="link"),
    path(HOME + "<int:pk>/", RecordView.as_view(), name="record"),
    path(HOME + "<int:pk>/edit/", EditView.as_view(), name="edit"),
    path(HOME + "<int:pk>/check/", CheckView.as_view(), name="check_record"),
    path(HOME + "<int:pk>/rules/", RulesView.as_view(), name="rules_record"),
    path(HOME + "<int:pk>/delete/", DeleteView.as_view(), name="delete"),
    path(HOME + "<int:pk>/restore/", RestoreView.as_view(), name="restore"),
    path(HOME + "<int:pk>/do/<slug:name>/", ActionView.as_view(), name="action"),
    path(HOME + "<int:pk>/tabs/", TabsView.as_view(), name="tabs"),
    path(HOME + "<int:pk>/panel/<slug:name>/", PanelView.as_view(), name="panel"),
    path(HOME + "<int:pk>/timeline/", TimelineView.as_view(), name="timeline"),
    path(HOME + "<int:pk>/history/", HistoryView.as_view(), name="history"),
    path(HOME + "<int:pk>/related/<str:label>/", RelatedView.as_view(), name="related"),
    path(HOME + "<int:pk>/files/", files.FilesView.as_view(), name="files"),
    path(HOME + "<int:pk>/why/", WhyView.as_view(), name="why"),
    path(HOME + "people/", PeopleView.as_view(), name="people"),
]
