"""The CIM-10 and its built-in extract; the web and the worker read it, nobody of them writes."""

from django.db import migrations, models

from egide.reference import loading


def load(apps, schema_editor):
    loading.replace(apps.get_model("reference", "Diagnosis"), loading.built_in())


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Diagnosis",
            fields=[
                ("code", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=300)),
                ("words", models.CharField(max_length=320)),
            ],
        ),
        migrations.RunSQL(
            "REVOKE ALL ON reference_diagnosis FROM PUBLIC;"
            "GRANT SELECT ON reference_diagnosis TO web, worker, auditor;",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
