"""The common way: FastAPI with a pydantic model, aiokafka's send_and_wait per request. No signature, no encryption.

uvicorn benchmarks.peers.intake:app --factory
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from pydantic import BaseModel

from infra.settings import load

TOPIC = "peer.intake"


class Field(BaseModel):
    id: str
    ref: str
    type: str
    title: str | None = None
    properties: dict[str, Any] | None = None


class Definition(BaseModel):
    id: str
    title: str
    fields: list[Field]


class FormAnswer(BaseModel):
    type: str
    field: Field
    text: str | None = None
    email: str | None = None
    phone_number: str | None = None
    boolean: bool | None = None
    choice: dict[str, Any] | None = None
    choices: dict[str, Any] | None = None


class FormResponse(BaseModel):
    form_id: str
    token: str
    landed_at: datetime
    submitted_at: datetime
    hidden: dict[str, str]
    definition: Definition
    answers: list[FormAnswer]


class Webhook(BaseModel):
    event_id: str
    event_type: str
    form_response: FormResponse


class Flat(BaseModel):
    lead_id: str
    id: str
    specversion: str
    type: str
    source: str
    time: datetime
    seq: int
    email: str | None
    name: str | None
    company: str | None
    status: str
    score: int
    campaign: str
    message: str


def app() -> FastAPI:
    """The application; the producer lives as long as it does."""
    kafka = load().kafka

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        api.state.producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
        await api.state.producer.start()
        yield
        await api.state.producer.stop()

    api = FastAPI(lifespan=lifespan)

    @api.post("/intake", status_code=202)
    async def intake(webhook: Webhook) -> dict[str, bool]:
        key = webhook.event_id.encode()
        await api.state.producer.send_and_wait(kafka.prefix + TOPIC, webhook.model_dump_json().encode(), key=key)
        return {"ok": True}

    @api.post("/flat", status_code=202)
    async def flat(form: Flat) -> dict[str, bool]:
        await api.state.producer.send_and_wait(kafka.prefix + TOPIC, form.model_dump_json().encode(), key=form.lead_id.encode())
        return {"ok": True}

    return api
