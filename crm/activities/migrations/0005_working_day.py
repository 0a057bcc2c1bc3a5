
import crm.activities.parts
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0005_grant_conditions'),
        ('activities', '0004_comments_and_followers'),
        ('users', '0005_department_head'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ActivityPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                ('entities', models.JSONField(blank=True, default=list, help_text='Empty: for every record that takes activities.', verbose_name='for')),
                ('active', models.BooleanField(default=True, verbose_name='in use')),
                ('description', models.CharField(blank=True, max_length=300, verbose_name='description')),
            ],
            options={
                'verbose_name': 'activity plan',
                'verbose_name_plural': 'activity plans',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='ActivityTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('call', 'Calls'), ('visit', 'Visits'), ('meeting', 'Meetings')], max_length=10, verbose_name='kind')),
                ('per_week', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(1000)], verbose_name='a week')),
            ],
            options={
                'verbose_name': 'activity target',
                'verbose_name_plural': 'activity targets',
                'ordering': ['kind', 'department__path'],
            },
        ),
        migrations.CreateModel(
            name='CalendarFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('key', models.CharField(default=crm.activities.parts.new_key, editable=False, max_length=64, unique=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('used_at', models.DateTimeField(null=True, verbose_name='last read')),
            ],
            options={
                'verbose_name': 'calendar address',
                'verbose_name_plural': 'calendar addresses',
                'ordering': ['made_at'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(blank=True, max_length=100, verbose_name='entity')),
                ('record_id', models.BigIntegerField(null=True, verbose_name='record')),
                ('acts', models.BooleanField(default=False, verbose_name='does it, too')),
                ('state', models.CharField(choices=[('invited', 'Has not answered'), ('accepted', 'Accepted'), ('tentative', 'Perhaps'), ('declined', 'Declined')], default='invited', max_length=10, verbose_name='answer')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
            ],
            options={
                'verbose_name': 'participant',
                'verbose_name_plural': 'participants',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='PlanStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='position')),
                ('subject', models.CharField(max_length=300, verbose_name='subject')),
                ('kind', models.CharField(default='task', max_length=10, verbose_name='kind')),
                ('days', models.SmallIntegerField(default=0, verbose_name='working days after')),
                ('priority', models.CharField(default='normal', max_length=10, verbose_name='priority')),
                ('to', models.CharField(choices=[('owner', 'The owner of the record'), ('role', 'Who has least to do of a role'), ('person', 'This person')], default='owner', max_length=10, verbose_name='done by')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('checklist', models.TextField(blank=True, help_text='A step on each line.', verbose_name='checklist')),
            ],
            options={
                'verbose_name': 'step',
                'verbose_name_plural': 'steps',
                'ordering': ['position', 'days', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('snoozed', models.BooleanField(default=False, verbose_name='put off')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
            ],
            options={
                'verbose_name': 'reminder',
                'verbose_name_plural': 'reminders',
                'default_permissions': (),
            },
        ),
        migrations.RemoveIndex(
            model_name='task',
            name='task_to_do',
        ),
        migrations.AddField(
            model_name='followup',
            name='task',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='told_by', to='activities.task', verbose_name='task'),
        ),
        migrations.AddField(
            model_name='task',
            name='all_day',
            field=models.BooleanField(default=False, verbose_name='all day'),
        ),
        migrations.AddField(
            model_name='task',
            name='checked_in_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='checked in'),
        ),
        migrations.AddField(
            model_name='task',
            name='checklist',
            field=models.TextField(blank=True, help_text='A step on each line; [x] before what is done.', verbose_name='checklist'),
        ),
        migrations.AddField(
            model_name='task',
            name='ends_at',
            field=models.DateTimeField(blank=True, help_text='With an end it stands in the calendar as time taken.', null=True, verbose_name='ends'),
        ),
        migrations.AddField(
            model_name='task',
            name='latitude',
            field=models.DecimalField(blank=True, decimal_places=6, editable=False, max_digits=9, null=True, verbose_name='latitude'),
        ),
        migrations.AddField(
            model_name='task',
            name='longitude',
            field=models.DecimalField(blank=True, decimal_places=6, editable=False, max_digits=9, null=True, verbose_name='longitude'),
        ),
        migrations.AddField(
            model_name='task',
            name='occurs_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='planned for'),
        ),
        migrations.AddField(
            model_name='task',
            name='outcome',
            field=models.CharField(blank=True, max_length=200, verbose_name='outcome'),
        ),
        migrations.AddField(
            model_name='task',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='activities.task', verbose_name='part of'),
        ),
        migrations.AddField(
            model_name='task',
            name='place',
            field=models.CharField(blank=True, max_length=300, verbose_name='place'),
        ),
        migrations.AddField(
            model_name='task',
            name='remind',
            field=models.CharField(blank=True, choices=[('', 'As each person prefers'), ('never', 'Not at all'), ('0', 'When it begins or is due'), ('5', '5 minutes before'), ('15', '15 minutes before'), ('30', '30 minutes before'), ('60', '1 hour before'), ('120', '2 hours before'), ('1440', '1 day before'), ('2880', '2 days before'), ('10080', '1 week before')], default='', max_length=10, verbose_name='reminder'),
        ),
        migrations.AddField(
            model_name='task',
            name='repeats',
            field=models.CharField(blank=True, editable=False, max_length=300, verbose_name='repeats'),
        ),
        migrations.AddField(
            model_name='task',
            name='report',
            field=models.TextField(blank=True, help_text='What was said, seen and agreed.', verbose_name='meeting minutes'),
        ),
        migrations.AddField(
            model_name='task',
            name='series',
            field=models.BigIntegerField(blank=True, editable=False, null=True, verbose_name='series'),
        ),
        migrations.AddField(
            model_name='task',
            name='steps_done',
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name='steps done'),
        ),
        migrations.AddField(
            model_name='task',
            name='steps_total',
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name='steps'),
        ),
        migrations.AlterField(
            model_name='task',
            name='due_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='due or begins'),
        ),
        migrations.AlterField(
            model_name='task',
            name='kind',
            field=models.CharField(choices=[('task', 'Task'), ('call', 'Call'), ('visit', 'Visit'), ('meeting', 'Meeting'), ('event', 'Event'), ('email', 'E-mail')], default='task', max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='task',
            name='status',
            field=models.CharField(choices=[('open', 'To do'), ('doing', 'In progress'), ('done', 'Done'), ('cancelled', 'Cancelled')], default='open', max_length=10, verbose_name='status'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True), ('status__in', ['open', 'doing'])), fields=['owner', 'due_key'], name='task_to_do'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True), ('ends_at__isnull', False)), fields=['owner', 'ends_at'], name='task_ends'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), models.Q(('due_at__isnull', False), ('ends_at__gt', models.F('due_at'))), _connector='OR'), name='task_ends_after_it_begins', violation_error_message='The end lies after the beginning.'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('parent__isnull', True), models.Q(('parent', models.F('id')), _negated=True), _connector='OR'), name='task_is_not_its_own_part', violation_error_message="A task can't be a part of itself."),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('latitude__isnull', True), ('longitude__isnull', True)), models.Q(('latitude__range', (-90, 90)), ('longitude__range', (-180, 180))), _connector='OR'), name='task_place_is_on_earth', violation_error_message='There is no such place on earth.'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('series', 'occurs_at'), name='task_occurs_once'),
        ),
        migrations.AddField(
            model_name='activitytarget',
            name='department',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.department', verbose_name='department'),
        ),
        migrations.AddField(
            model_name='calendarfeed',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calendar_feeds', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AddField(
            model_name='participant',
            name='task',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='participants', to='activities.task', verbose_name='task'),
        ),
        migrations.AddField(
            model_name='participant',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='colleague'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='activities.activityplan', verbose_name='plan'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='role',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='access.role', verbose_name='role'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='task',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='activities.task', verbose_name='task'),
        ),
        migrations.AddField(
            model_name='reminder',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
        migrations.AddConstraint(
            model_name='activitytarget',
            constraint=models.UniqueConstraint(models.F('kind'), models.F('department'), name='activity_target_is_unique', nulls_distinct=False, violation_error_message='There is such a target already.'),
        ),
        migrations.AddIndex(
            model_name='participant',
            index=models.Index(fields=['user', 'task'], name='participant_user'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entity', ''), ('record_id__isnull', True), ('user__isnull', False)), models.Q(('record_id__isnull', False), ('user__isnull', True), models.Q(('entity', ''), _negated=True)), _connector='OR'), name='participant_is_one_person'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(fields=('task', 'user'), name='colleague_takes_part_once'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(fields=('task', 'entity', 'record_id'), name='person_takes_part_once'),
        ),
        migrations.AddConstraint(
            model_name='planstep',
            constraint=models.CheckConstraint(condition=models.Q(('days__range', (-250, 400))), name='plan_step_days_are_sane', violation_error_message='Choose between -250 and 400 days.'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('sent_at__isnull', True)), fields=['at'], name='reminder_waiting'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('task', 'user', 'at'), name='reminded_once_a_moment'),
        ),
        migrations.RunSQL(
            """insert into activities_reminder (task_id, user_id, at, snoozed)
            select id, owner_id, due_at - interval '15 minutes', false from activities_task
            where status in ('open', 'doing') and deleted_at is null and due_at - interval '15 minutes' > now()
            on conflict do nothing""",
            migrations.RunSQL.noop,
        ),
    ]
