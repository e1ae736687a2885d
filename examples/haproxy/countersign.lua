-- Asks Countersign whether a request may pass (HAProxy 2.6 or later, built with Lua).

-- The forward-auth listener of the gateway.
local gateway = "http://127.0.0.1:9081"

-- Milliseconds to wait for an answer.
local patience = 5000

-- What is between the client and HAProxy only, or about a body that is not sent along.
local left_out = {
    ["connection"] = true,
    ["content-length"] = true,
    ["expect"] = true,
    ["host"] = true,
    ["keep-alive"] = true,
    ["te"] = true,
    ["transfer-encoding"] = true,
    ["upgrade"] = true,
}

-- The client's headers, and what the request is. The lines below replace whatever the client sent under
-- the same names, which is all that makes these headers worth anything: leave none out.
local function describe(txn)
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not left_out[name] then
            local list = {}
            for index = 0, #values do
                list[#list + 1] = values[index]
            end
            headers[name] = list
        end
    end
    headers["x-forwarded-method"] = { txn.sf:method() }
    headers["x-forwarded-uri"] = { txn.sf:pathq() }
    headers["x-forwarded-host"] = { txn.sf:req_hdr("host") }
    headers["x-forwarded-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
    headers["x-forwarded-for"] = { txn.sf:src() }
    return headers
end

local function first(response, name)
    local values = response.headers and response.headers[name]
    return values and values[0]
end

local function ask(txn)
    local response = core.httpclient():get({
        url = gateway .. "/verify/haproxy",
        headers = describe(txn),
        timeout = patience,
    })
    if response.status == 204 then
        -- What the gateway puts on responses; haproxy.cfg says where it goes.
        txn:set_var("txn.countersign_cookie", first(response, "set-cookie") or "")
        txn:set_var("txn.countersign_cookie2", first(response, "x-countersign-set-cookie") or "")
        txn:set_var("txn.countersign_token", first(response, "x-csrf-token") or "")
        txn:set_var("txn.countersign_header", first(response, "x-csrf-header") or "")
        txn:set_var("txn.countersign_vary", first(response, "vary") or "")
        return
    end

    -- Anything else is no: a refusal in the dialect's words, or a gateway that does not answer.
    local answered = response.status and response.status >= 400 and response.status < 500
    local reply = txn:reply({ status = answered and response.status or 503 })
    reply:add_header("cache-control", "no-store")
    if answered then
        local content_type = first(response, "content-type")
        if content_type then
            reply:add_header("content-type", content_type)
        end
        reply:set_body(response.body or "")
    end
    txn:done(reply)
end

core.register_action("countersign", { "http-req" }, ask)
