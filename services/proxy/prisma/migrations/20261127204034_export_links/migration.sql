-- URLs that give a list of proxies without a key.
-- CreateTable
CREATE TABLE "export_link" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "token_digest" BYTEA NOT NULL,
    "filter" JSONB NOT NULL,
    "format" TEXT NOT NULL,
    "template" TEXT,
    "protocol" TEXT,
    "blocks" TEXT[] NOT NULL,
    "reads" BIGINT NOT NULL DEFAULT 0,
    "hour_from" TIMESTAMPTZ(6),
    "hour_reads" INTEGER NOT NULL DEFAULT 0,
    "last_read_at" TIMESTAMPTZ(6),
    "last_read_ip" TEXT,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "export_link_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "export_link_seq_key" ON "export_link"("seq");

-- CreateIndex
CREATE UNIQUE INDEX "export_link_token" ON "export_link"("token_digest");

-- CreateIndex
CREATE INDEX "export_link_account" ON "export_link"("account_id", "seq" DESC);

-- CreateIndex
CREATE INDEX "export_link_age" ON "export_link"("expires_at");

ALTER TABLE export_link ADD CONSTRAINT export_link_digest CHECK (length(token_digest) = 32);

GRANT SELECT, INSERT, UPDATE, DELETE ON export_link TO lumi_proxy;
GRANT USAGE ON SEQUENCE export_link_seq_seq TO lumi_proxy;
