"""Number the deliveries of every endpoint, oldest first, and make its lane.

What was in flight when this ran is taken back by the first courier, as after a crash.
"""

import uuid

from django.db import migrations
from django.db.models import Min

from formplatform.core import clock

BATCH = 1000


def number(apps, schema_editor):
    Webhook = apps.get_model("integrations", "Webhook")
    Delivery = apps.get_model("integrations", "Delivery")
    Lane = apps.get_model("integrations", "Lane")
    for webhook in Webhook.objects.all():
        rows = Delivery.objects.filter(webhook=webhook).order_by("created_at", "pk")
        batch, seq = [], 0
        for delivery in rows.only("pk", "seq").iterator(chunk_size=BATCH):
            seq += 1
            delivery.seq = seq
            batch.append(delivery)
            if len(batch) == BATCH:
                Delivery.objects.bulk_update(batch, ["seq"])
                batch = []
        Delivery.objects.bulk_update(batch, ["seq"])
        waiting = rows.filter(due_at__isnull=False)
        is_flying = waiting.filter(status="sending").exists()
        Lane.objects.get_or_create(
            webhook=webhook,
            defaults={
                "owner_id": webhook.owner_id,
                "next_seq": seq + 1,
                "lease": uuid.UUID(int=0) if is_flying else None,
                "lease_until": clock.now() if is_flying else None,
                "due_at": waiting.order_by().aggregate(due=Min("due_at"))["due"],
            },
        )


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_give_every_endpoint_a_lane")]
    operations = [migrations.RunPython(number, migrations.RunPython.noop)]
