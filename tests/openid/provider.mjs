// A real OpenID Connect provider for the tests: node provider.mjs PORT REDIRECT_URI
// Whoever is named by GET /next?account=... is signed in at the next interaction, unasked.
import { Provider } from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = {
  somchai: { email: "somchai@dla.go.th", email_verified: true, name: "สมชาย ใจดี", groups: ["planning"] },
  unverified: { email: "other@dla.go.th", email_verified: false, name: "ไม่ยืนยัน", groups: [] },
  stranger: { email: "someone@example.org", email_verified: true, name: "คนอื่น", groups: [] },
  member: { email: "member@example.org", email_verified: true, name: "สมาชิก", groups: ["planning"] },
  leaver: { email: "leaver@example.org", email_verified: true, name: "ผู้ลาออก", groups: ["planning"] },
  mover: { email: "mover@example.org", email_verified: true, name: "ผู้ย้าย", groups: ["planning"] },
};
let next = "somchai";

const provider = new Provider(issuer, {
  clients: [{
    client_id: "geo", client_secret: "a+secret/of&the=tests:%41",
    redirect_uris: [redirect], response_types: ["code"], grant_types: ["authorization_code"],
    token_endpoint_auth_method: "client_secret_basic",
  }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  pkce: { required: () => true },
  cookies: { keys: ["of the tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid email profile groups");
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, pass) => {
  if (ctx.path === "/next") {
    next = ctx.query.account;
    ctx.body = next;
  } else if (ctx.path === "/leave") {
    people[ctx.query.account].groups = [];
    ctx.body = "left";
  } else if (ctx.path.startsWith("/interaction/")) {
    const result = next === "nobody"
      ? { error: "access_denied", error_description: "gave up" }
      : { login: { accountId: next, remember: false } };
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
    ctx.respond = false;
  } else {
    await pass();
  }
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
