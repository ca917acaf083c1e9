"""App of the room `orders`."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "egide.orders"
    label = "orders"
    verbose_name = "Demandes d'examens"
