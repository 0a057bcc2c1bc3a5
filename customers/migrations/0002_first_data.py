"""Sources to start with; what is there already stays."""

from django.db import migrations

SOURCES = (
    ("官网", "web"),
    ("搜索引擎", "search"),
    ("展会", "fair"),
    ("电话营销", "call"),
    ("客户转介绍", "referral"),
    ("广告", "ad"),
    ("社交媒体", "social"),
    ("渠道伙伴", "partner"),
    ("邮件营销", "email"),
    ("其他", "other"),
)


def load(apps, schema_editor):
    source = apps.get_model("customers", "Source")
    for position, (name, code) in enumerate(SOURCES):
        source.objects.get_or_create(name=name, defaults={"code": code, "position": position})


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
