"""The public verbs."""

from volumen.config import copy_recipe, list_recipes, read_recipe, format_yaml
