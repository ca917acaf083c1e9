"""Addresses of the classifications."""

from django.urls import path

from egide.reference import views

urlpatterns = [path("reference/cim10/", views.cim10, name="cim10")]
