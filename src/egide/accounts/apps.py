"""Accounts: raw tables in schema `accounts`, which the web cannot read."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "egide.accounts"
    label = "accounts"
    verbose_name = "Comptes et clés"
