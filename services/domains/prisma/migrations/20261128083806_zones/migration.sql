-- Zones: the records that our name servers answer with, and what each change of them was.
-- CreateTable
CREATE TABLE "zone" (
    "seq" BIGSERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "unicode" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "serial" BIGINT NOT NULL,
    "records" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "zone_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "zone_record" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "zone_seq" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "ttl" INTEGER NOT NULL,
    "comment" TEXT,
    "disabled" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "zone_record_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "zone_version" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "zone_seq" BIGINT NOT NULL,
    "serial" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "reason" TEXT,
    "key_id" TEXT NOT NULL,
    "records" INTEGER NOT NULL,
    "removed" JSONB NOT NULL,
    "added" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "zone_version_pkey" PRIMARY KEY ("seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "zone_name" ON "zone"("name");

-- CreateIndex
CREATE INDEX "zone_account" ON "zone"("account_id", "seq" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "zone_record_id" ON "zone_record"("id");

-- CreateIndex
CREATE INDEX "zone_record_zone" ON "zone_record"("zone_seq", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "zone_version_id" ON "zone_version"("id");

-- CreateIndex
CREATE INDEX "zone_version_zone" ON "zone_version"("zone_seq", "seq" DESC);

-- CreateIndex
CREATE INDEX "zone_version_time" ON "zone_version"("created_at");

ALTER TABLE zone ADD CONSTRAINT zone_serial CHECK (serial BETWEEN 1 AND 4294967295);
GRANT SELECT, INSERT, UPDATE, DELETE ON zone, zone_record, zone_version TO lumi_domains;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA domains TO lumi_domains;
