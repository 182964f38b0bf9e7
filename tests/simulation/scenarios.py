"""Kinds of history: the usual life, and one in which a topic is made anew."""

from typing import Any

from tests.simulation.world import World


class Remade(World):
    """Half-way the commands' topic is deleted and made again: said under a kept database, and fine with an emptied one."""

    def live(self) -> None:
        """See the class."""
        super().live()
        name = "first"
        self.log.remake(self.consumers[0].reads.name)
        self.say("the commands' topic is made again")
        for process in self.processes:
            process.crash()
            process.heal()
        self.keep_house()
        known = len(self.tables[name].dead), dict(self.tables[name].states)
        for _ in range(400):
            self.step()
        if not self.remade:
            self.violate("a topic was made again under a kept database, and nobody said so")
        if known != (len(self.tables[name].dead), self.tables[name].states):
            self.violate("a topic was made again under a kept database, and the consumer went on")
        self.say("the commands' database is emptied too")
        self.tables[name] = self.variants.tables(self, name)
        for process in self.processes:
            process.crash()
            process.heal()
        self.keep_house()
        self.spawn("gateway", self.gateway.run("d"), None)
        self.settle()


SCENARIOS: dict[str, Any] = {"life": World, "remade": Remade}
