from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_number_deliveries")]
    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="seq",
            field=models.PositiveBigIntegerField(editable=False),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("webhook", "seq"), name="one_delivery_per_number"
            ),
        ),
    ]
