"""`volumen recipes`: list, show, copy and check."""

from pathlib import Path

from volumen import api


def list_all() -> None:
    """Name the packaged recipes and say what each is for."""
    recipes = api.list_recipes()
    width = max(map(len, recipes))
    for name, header in recipes.items():
        print(f"{name:<{width}}  {header}")


def show(recipe: str, /, *overrides: str) -> None:
    """Print a recipe with every setting it leaves to a default.

    Args:
        recipe: A packaged name or a path.
        overrides: Settings on top, as a.b=c.
    """
    print(api.show_recipe(recipe, overrides), end="")


def copy(recipe: str, target: Path, /) -> None:
    """Copy a packaged recipe to a file of your own.

    Args:
        recipe: A packaged name.
        target: The new file, or a folder for it.
    """
    print(api.copy_recipe(recipe, target))


def check(recipe: str, /, *overrides: str) -> None:
    """Say whether a recipe is right, the values of all options too; every fault is named at once.

    Args:
        recipe: A packaged name or a path.
        overrides: Settings on top, as a.b=c.
    """
    config = api.check_recipe(recipe, overrides)
    heads = ", ".join(config.heads)
    print(f"{recipe}: right; network {config.network.name}, heads {heads}, patch {config.data.patch_size}")
