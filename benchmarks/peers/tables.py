"""Tables of the peer chain, as an ORM user declares them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "peer"


class Base(DeclarativeBase):
    __table_args__ = {"schema": SCHEMA}


class Delivery(Base):
    __tablename__ = "deliveries"
    delivery: Mapped[str] = mapped_column(Text, primary_key=True)


class Claim(Base):
    __tablename__ = "claims"
    email: Mapped[str] = mapped_column(Text, primary_key=True)
    lead: Mapped[str] = mapped_column(Text)


class Lead(Base):
    """What the service that owns leads knows."""

    __tablename__ = "leads"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    status: Mapped[str] = mapped_column(Text, default="new")


class Score(Base):
    """What the scoring service knows."""

    __tablename__ = "scores"
    lead: Mapped[str] = mapped_column(Text, primary_key=True)
    submissions: Mapped[int] = mapped_column(Integer)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    score: Mapped[int] = mapped_column(Integer)


class ListedLead(Base):
    """The read model, with the indexes that its list is sorted and searched by."""

    __tablename__ = "lead_list"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    status: Mapped[str] = mapped_column(Text, default="new")
    score: Mapped[int | None] = mapped_column(Integer, index=True)
    grade: Mapped[str | None] = mapped_column(Text)
    company: Mapped[str | None] = mapped_column(Text, index=True)
    name: Mapped[str | None] = mapped_column(Text, index=True)
    first_name: Mapped[str | None] = mapped_column(Text)
    last_name: Mapped[str | None] = mapped_column(Text, index=True)
    email: Mapped[str | None] = mapped_column(Text, index=True)
    phone: Mapped[str | None] = mapped_column(Text)
    vendor: Mapped[str | None] = mapped_column(Text)
    campaign: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    consent: Mapped[bool | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Answer(Base):
    __tablename__ = "answers"
    lead: Mapped[str] = mapped_column(Text, primary_key=True)
    question: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)


class History(Base):
    __tablename__ = "history"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lead: Mapped[str] = mapped_column(Text, index=True)
    event_type: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
