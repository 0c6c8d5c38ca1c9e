"""The flow room: which bindings of a name can reach a line, and which branches must be taken for that."""

from __future__ import annotations

from ecolint.readers.python.decisions import END, MAX_STEPS, MAX_WORLDS, Arm, Decisions
from ecolint.readers.python.lines import Line
from ecolint.readers.python.scopes import MODULE, Binding
from ecolint.shaped import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """A binding that can hold at a line, where the arms in `branches` are taken."""

    binding: Binding
    arms: frozenset[Arm]


@dataclass(slots=True)
class Flow(Decisions):
    """Decisions and reaching bindings of one script."""

    def between(self, source: Line, use: Line) -> tuple[Arm, ...] | None:
        """The arms, beyond those of `use`, under which what `source` did holds at `use`; None: it cannot reach."""
        lines = self.script.lines
        around = {use.index} if use.kind != END else set()
        current = use
        while current.parent >= 0:
            current = lines[current.parent]
            around.add(current.index)
        arms: list[Arm] = []
        current = source
        while current.parent >= 0 and current.parent not in around and current.parent != current.scope:
            current = lines[current.parent]
            if self.leaves(current, use):
                return None
            if any(lines[index].leader == current.leader and index != current.index for index in around) and (
                current.kind not in ("try", "while", "for")
            ):
                return None
            arm = self.arm(current)
            if arm is False:
                return None
            if isinstance(arm, tuple):
                arms.append(arm)
        own = dict(self.path(use) or ())
        if any(own.get(decision, arm) != arm for decision, arm in arms):
            return None
        arms.reverse()
        return tuple(arm for arm in arms if arm[0] not in own)

    def reaching(self, name: str, use: Line, scope: int, fallback: Binding | None = None) -> list[Reach] | None:
        """The bindings of `name` in `scope` that reach `use`, last first; None where there are too many to tell.

        `fallback` is what holds where none of them does (a parameter).
        """
        self.stats.lookups += 1
        found, count = self.scopes.before(scope, name, use.index)
        return self._select(found[max(0, count - MAX_STEPS) : count], use, fallback)

    def at_end(self, name: str, scope: int, fallback: Binding | None = None) -> list[Reach] | None:
        """The bindings of `name` that hold once the whole scope has run."""
        self.stats.lookups += 1
        found = self.scopes.of(scope).bindings.get(name, [])
        return self._select(found[-MAX_STEPS:], self.end(scope), fallback)

    def end(self, scope: int) -> Line:
        """An imaginary line after the last one of a scope."""
        lines = self.script.lines
        last = lines[-1] if scope == MODULE else lines[lines[scope].tail]
        index = last.index + 1
        return Line(index, last.end, last.end, 0, END, parent=scope, scope=scope, leader=index)

    def _select(self, candidates: list[Binding], use: Line, fallback: Binding | None) -> list[Reach] | None:
        worlds: list[dict[int, int]] = [{}]
        found: list[Reach] = []
        for binding in reversed(candidates):
            arms = self.between(self.script.lines[binding.line], use)
            if arms is None:
                continue
            rest: list[dict[int, int]] = []
            for world in worlds:
                if all(world.get(decision, arm) == arm for decision, arm in arms):
                    found.append(Reach(binding, frozenset({**world, **dict(arms)}.items())))
                    rest += self.without(world, arms)
                else:
                    rest.append(world)
            worlds = rest
            if not worlds:
                return found
            if len(worlds) > MAX_WORLDS or len(found) > MAX_WORLDS:
                return None
        if fallback is not None:
            found += [Reach(fallback, frozenset(world.items())) for world in worlds]
        return found if len(candidates) < MAX_STEPS else None

    def without(self, world: dict[int, int], arms: tuple[Arm, ...]) -> list[dict[int, int]]:
        """What is left of a world when the arms are not all taken, as worlds that exclude each other."""
        left = []
        taken = dict(world)
        for decision, arm in arms:
            if decision in world:
                continue
            left += [{**taken, decision: other} for other in range(self.width(decision)) if other != arm]
            taken[decision] = arm
        return left
