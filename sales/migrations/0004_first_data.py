"""A pipeline and reasons to start with, so that a fresh installation can sell; what is there already stays."""

from django.db import migrations

# name, probability, colour, rotting days, forecast, won, lost
STAGES = (
    ("需求分析", 10, "cyan", 14, "pipeline", False, False),
    ("方案设计", 30, "blue", 14, "pipeline", False, False),
    ("投标/报价", 50, "indigo", 21, "best_case", False, False),
    ("合同谈判", 80, "purple", 14, "commit", False, False),
    ("赢单", 100, "green", None, "commit", True, False),
    ("输单", 0, "red", None, "omitted", False, True),
)
REASONS = ("价格太高", "选择了竞争对手", "预算取消", "需求变化", "联系不上", "产品不符合要求", "其他")


def load(apps, schema_editor):
    pipeline_model, stage_model = apps.get_model("sales", "Pipeline"), apps.get_model("sales", "Stage")
    if not pipeline_model.objects.exists():
        pipeline = pipeline_model.objects.create(name="销售流程")
        for position, (name, probability, colour, rotting, forecast, won, lost) in enumerate(STAGES):
            stage_model.objects.create(
                pipeline=pipeline,
                name=name,
                position=position,
                probability=probability,
                colour=colour,
                rotting_days=rotting,
                forecast=forecast,
                is_won=won,
                is_lost=lost,
            )
    reason_model = apps.get_model("sales", "LossReason")
    for position, name in enumerate(REASONS):
        reason_model.objects.get_or_create(name=name, defaults={"position": position})


class Migration(migrations.Migration):
    dependencies = [("sales", "0003_optional_name")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
