from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_filter_and_shape_messages")]
    operations = [
        migrations.RemoveIndex(model_name="delivery", name="delivery_waiting"),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["webhook", "status", "is_replay", "due_at", "seq"],
                name="delivery_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["webhook", "status", "is_replay", "seq"],
                name="delivery_in_line",
            ),
        ),
    ]
