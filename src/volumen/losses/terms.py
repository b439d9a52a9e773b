"""The losses of a recipe, each with its name in logs, and what it asks for; what cannot be is an error here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from volumen.config import Component, HeadSection, WeightedComponent, build_component, check_component
from volumen.errors import ConfigError, suggest_nearest
from volumen.heads import HeadSpec
from volumen.losses.loss import Loss
from volumen.losses.schedule import Schedule
from volumen.registry import TABLES

ALWAYS = Schedule()
FOREGROUND = "foreground"


@dataclass(frozen=True)
class MapRequest:
    """A further target that a loss looks at: which one, of which head's label."""

    head: str
    target: Component


@dataclass(frozen=True)
class Mask:
    """Where a loss counts: where a head takes voxels for foreground, with more than this probability."""

    head: HeadSpec
    above: float


@dataclass(frozen=True)
class Term:
    """One loss of one head: its name in logs, its share of the total, when and where it counts.

    Args:
        maps: what the loss calls its maps, and the name that each has among the targets of a batch.
    """

    name: str
    head: HeadSpec
    loss: Loss
    weight: float
    schedule: Schedule = ALWAYS
    maps: Mapping[str, str] = field(default_factory=dict)
    mask: Mask | None = None


class TermList:
    """Terms as they are added, and the maps that they ask for, each once."""

    def __init__(self, heads: Sequence[HeadSpec]) -> None:
        self.terms: list[Term] = []
        self.requests: dict[str, MapRequest] = {}
        self._heads = {head.name: head for head in heads}

    def add(self, head: HeadSpec, learned: Component, component: WeightedComponent) -> None:
        """Adds a loss of a head that learns a target."""
        loss: Loss = build_component("loss", component)
        name = self._name_term(head, component)
        check_fit(name, head, loss)
        self._check_heads(name, loss)
        self.terms.append(
            Term(
                name=name,
                head=head,
                loss=loss,
                weight=component.weight,
                schedule=Schedule(component.start_epoch, component.every, component.ramp),
                maps={target.name: self._request(name, head, inherit(target, learned)) for target in loss.maps},
                mask=self._find_mask(name, component),
            )
        )

    def _name_term(self, head: HeadSpec, component: WeightedComponent) -> str:
        """`head/loss`; one that stands there again has its place in the name: `surface/focal`, `surface/focal_2`."""
        return _choose_name(f"{head.name}/{component.name}", [term.name for term in self.terms])

    def _request(self, name: str, head: HeadSpec, target: Component) -> str:
        """The name under which a map is given, the same for all losses of a head that ask for the same."""
        faults = check_component("target", target)
        if faults:
            raise ConfigError(f"loss {name} looks at another target of its label: {faults[0]}")
        wanted = MapRequest(head.name, target)
        for known, request in self.requests.items():
            if request == wanted:
                return known
        chosen = _choose_name(f"{head.name}/{target.name}", list(self.requests))
        self.requests[chosen] = wanted
        return chosen

    def _check_heads(self, name: str, loss: Loss) -> None:
        unknown = [other for other in loss.heads if other not in self._heads]
        if unknown:
            raise ConfigError(
                f"loss {name} looks at the target of head {unknown[0]!r}, which is no head; "
                f"{suggest_nearest(unknown[0], self._heads)}"
            )

    def _find_mask(self, name: str, component: WeightedComponent) -> Mask | None:
        if component.mask_head is None:
            return None
        head = self._heads[component.mask_head]
        if head.activation == "none":
            raise ConfigError(
                f"loss {name}: mask_head {head.name!r} gives no probabilities; "
                "name a head with activation: sigmoid or softmax"
            )
        return Mask(head, component.mask_above)


def list_terms(heads: Sequence[HeadSpec], sections: Mapping[str, HeadSection]) -> TermList:
    """Every loss of every head in a recipe's order."""
    terms = TermList(heads)
    for head in heads:
        for component in sections[head.name].losses:
            terms.add(head, sections[head.name].target, component)
    return terms


def inherit(target: Component, learned: Component) -> Component:
    """A further target with the foreground that a head's own target names, where it takes one."""
    foreground = learned.options.get(FOREGROUND)
    if foreground is None or FOREGROUND in target.options:
        return target
    narrowed = target.model_copy(update={"options": {FOREGROUND: foreground, **target.options}})
    return target if check_component("target", narrowed) else narrowed


def check_fit(name: str, head: HeadSpec, loss: Loss) -> None:
    """Raises when a loss is asked of a head whose target it cannot judge; other packages' targets are trusted."""
    if loss.fits and head.target in TABLES["target"] and head.target not in loss.fits:
        raise ConfigError(
            f"loss {name} goes with target {' or '.join(loss.fits)}; head {head.name!r} learns {head.target!r}"
        )


def _choose_name(name: str, taken: Sequence[str]) -> str:
    """The name itself, or with the first number from 2 on that nobody has."""
    candidates = _number_names(name)
    return next(candidate for candidate in candidates if candidate not in taken)


def _number_names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
