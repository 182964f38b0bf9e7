"""Who writes and reads what on the bus, told from the code: AsyncAPI, its page, and the topology picture.

Nothing is listed by hand. Topics come from schemas.topics, messages from the registry, folds and read models from discovery;
whoever else constructs a message class, in a producer or in infra, writes it.
"""

from infra.wiring.catalogue.page import router

__all__ = ["router"]
