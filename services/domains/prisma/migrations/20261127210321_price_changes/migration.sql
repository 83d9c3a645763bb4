-- What became of prices, for `GET /prices/changes`.
-- CreateTable
CREATE TABLE "price_change" (
    "seq" BIGSERIAL NOT NULL,
    "tld" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "old_price" BIGINT,
    "new_price" BIGINT,
    "effective_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "price_change_pkey" PRIMARY KEY ("seq")
);

-- CreateIndex
CREATE INDEX "price_change_time" ON "price_change"("effective_at");

GRANT SELECT ON price_change TO lumi_domains;
