//! Which token does a code, a refresh token or another token give? (RFC 6749 §4.1.3, §6, RFC 8693, reference/auth.md §3.2)

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::{
    change::{Edited, Editor},
    ids::{OAuthClientId, OAuthGrantId, OAuthTokenId, TenantId},
    oauth::{OAuthClient, OAuthGrant, Redeemed, Stage},
    scopes::ScopeName,
};

use super::{Issued, active, given, sql, tokens};
use crate::{
    app::App,
    credentials::{self, cookies::CookieKey},
    error::{Error, OAuthRefusal},
    write::{self, WriteTx},
};

/// A code with what it is bound to.
pub struct CodeShown {
    pub code: String,
    pub redirect_uri: String,
    pub verifier: String,
}

/// A refresh token that was given once, taken apart. Whether it is the last one, its secret says.
pub struct RefreshToken {
    tenant: TenantId,
    grant: OAuthGrantId,
    nth: i64,
    secret: String,
}

impl RefreshToken {
    /// What purpose its signature is for.
    const PURPOSE: &'static str = "refresh token";

    /// What a text says; none if it is no refresh token of ours. So nobody ends a grant by what everybody may know of it.
    pub fn read(key: &CookieKey, text: &str) -> Option<Self> {
        let mut parts = key.unbind(Self::PURPOSE, text)?.splitn(4, '.');
        let tenant = parts.next()?.parse().ok()?;
        let grant = parts.next()?.parse().ok()?;
        let nth = parts.next()?.parse::<u32>().ok()?.into();
        Some(Self { tenant, grant, nth, secret: parts.next()?.to_owned() })
    }

    /// Whether it is of this tenant, as far as it says.
    pub fn is_of(&self, tenant: TenantId) -> bool {
        self.tenant == tenant
    }

    fn text(&self, key: &CookieKey) -> String {
        let Self { tenant, grant, nth, secret } = self;
        key.bind(Self::PURPOSE, &format!("{tenant}.{grant}.{nth}.{secret}"))
    }

    /// The client that it was given to, as far as it says.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn client(&self, app: &App) -> Result<Option<OAuthClientId>, Error> {
        let id = self.grant;
        let grant = app.db.read(self.tenant, async move |reader| sql::find(reader, id).await).await?;
        Ok(grant.map(|grant| grant.client))
    }
}

pub fn invalid_grant() -> Error {
    OAuthRefusal::new("invalid_grant", "it is not good, or not any more").into()
}

/// What is shown for a token.
pub enum Shown {
    Code(CodeShown),
    Refresh(RefreshToken, Vec<ScopeName>),
    Token(String),
}

/// Gives a client a token for what it shows. What was used before ends all that came of it, which is stored although nothing is
/// given.
///
/// # Errors
/// `invalid_grant` or `invalid_scope`, or when the database cannot be written.
pub async fn redeem(app: &App, tenant: TenantId, client: OAuthClient, shown: Shown) -> Result<Issued, Error> {
    match shown {
        Shown::Token(text) => exchange(app, tenant, client, &text).await,
        Shown::Code(shown) => {
            let (id, secret) = shown.code.split_once('.').ok_or_else(invalid_grant)?;
            let id: OAuthGrantId = id.parse().map_err(|_| invalid_grant())?;
            let (secret, redirect_uri) = (secret.to_owned(), shown.redirect_uri);
            let grant = find(app, tenant, id).await?.filter(|grant| grant.code.is(&secret));
            counted(app, tenant, &client, grant).await?;
            let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, shown.verifier.as_bytes()));
            let use_code =
                move |grant: OAuthGrant, new: (OAuthTokenId, &str), client: &OAuthClient, editor: &Editor| {
                    grant.use_code((&secret, &challenge, &redirect_uri), new, client, editor)
                };
            of_grant(app, tenant, client, (id, 0), use_code).await
        }
        Shown::Refresh(token, scopes) => {
            if !token.is_of(tenant) {
                return Err(invalid_grant());
            }
            counted(app, tenant, &client, find(app, tenant, token.grant).await?).await?;
            let RefreshToken { grant: id, nth, secret, .. } = token;
            let refresh =
                move |grant: OAuthGrant, new: (OAuthTokenId, &str), client: &OAuthClient, editor: &Editor| {
                    grant.refresh((nth, &secret, &scopes), new, client, editor)
                };
            of_grant(app, tenant, client, (id, nth.saturating_add(1)), refresh).await
        }
    }
}

async fn find(app: &App, tenant: TenantId, id: OAuthGrantId) -> Result<Option<OAuthGrant>, Error> {
    app.db.read(tenant, async move |reader| sql::find(reader, id).await).await
}

/// Counts what a client shows that keeps no secret as a write of the user who let it act. Only what was given once is counted, or
/// anybody could use up what users may do.
async fn counted(
    app: &App,
    tenant: TenantId,
    client: &OAuthClient,
    grant: Option<OAuthGrant>,
) -> Result<(), Error> {
    let grant = grant.filter(|grant| grant.client == client.id).ok_or_else(invalid_grant)?;
    if client.settings.is_confidential() {
        return Ok(());
    }
    super::counted_as_user(app, tenant, grant.user).await
}

/// Gives a token of a grant, as `redeem` says; `nth` counts the refresh token that comes with it.
async fn of_grant(
    app: &App,
    tenant: TenantId,
    client: OAuthClient,
    (id, nth): (OAuthGrantId, i64),
    redeem: impl FnOnce(OAuthGrant, (OAuthTokenId, &str), &OAuthClient, &Editor) -> Edited<Redeemed>
    + Send
    + 'static,
) -> Result<Issued, Error> {
    let (client_id, token_id, secret) =
        (client.id, OAuthTokenId::new(app.entropy.bytes()), app.entropy.secret());
    let refresh = RefreshToken { tenant, grant: id, nth, secret: secret.clone() };
    let work = async move |tx: &WriteTx<'_>| {
        super::still_there(tx, &client).await?;
        let grant = sql::find(tx.reader(), id).await?.ok_or_else(invalid_grant)?;
        active(tx.tenant(), grant.user)?;
        let before = grant.clone();
        let redeemed = redeem(grant, (token_id, &secret), &client, tx.editor());
        let redeemed = match redeemed.value {
            Redeemed::Spent => {
                let family = tokens::of_family(tx.reader(), id).await?;
                before.clone().end(family).map(|()| Redeemed::Spent)
            }
            Redeemed::Given(_) => super::superfluous(tx, client.id, Some(id)).await?.then(redeemed),
            Redeemed::Refused | Redeemed::Narrower(_) => redeemed,
        };
        Ok(redeemed.map(|redeemed| (redeemed, before)))
    };
    let (redeemed, grant) = write::as_client(app, tenant, client_id, work).await?;
    let token = match redeemed {
        Redeemed::Given(token) => *token,
        Redeemed::Refused | Redeemed::Spent => return Err(invalid_grant()),
        Redeemed::Narrower(refused) => {
            return Err(OAuthRefusal::new("invalid_scope", refused.to_string()).into());
        }
    };
    let text = credentials::of_token(&app.signing, tenant, &token)?;
    let refresh = grant.is_offline().then(|| refresh.text(&app.cookies));
    Ok(Issued { refresh, grant: Some(grant), ..Issued::of(token, text) })
}

/// Ends the grant of a refresh token that `owns` may end, with all that came of it. One that is not good is no error (RFC 7009
/// §2.2).
///
/// # Errors
/// When the database cannot be read.
pub async fn end(
    tx: &WriteTx<'_>,
    token: &RefreshToken,
    owns: impl Fn(&OAuthGrant) -> bool,
) -> Result<Edited<()>, Error> {
    let Some(grant) = sql::find(tx.reader(), token.grant).await?.filter(|grant| owns(grant)) else {
        return Ok(Edited::unchanged(()));
    };
    // One that was used up ends the grant too.
    let stages = matches!(&grant.stage, Stage::Tokens { refreshes, refresh: Some(last) }
        if token.nth < *refreshes || (token.nth == *refreshes && last.is(&token.secret)));
    if !stages {
        return Ok(Edited::unchanged(()));
    }
    let family = tokens::of_family(tx.reader(), grant.id).await?;
    Ok(grant.end(family))
}

/// Gives a token for a short while for one that the client has.
async fn exchange(app: &App, tenant: TenantId, client: OAuthClient, text: &str) -> Result<Issued, Error> {
    let (_, id, _) = given(app, text)
        .filter(|(credential, _, of)| credential.tenant == tenant && *of == client.id)
        .ok_or_else(invalid_grant)?;
    let (client_id, new) = (client.id, OAuthTokenId::new(app.entropy.bytes()));
    let work = async move |tx: &WriteTx<'_>| {
        super::still_there(tx, &client).await?;
        let token = tokens::find(tx.reader(), id).await?;
        let good = token.filter(|token| token.expires_at > tx.editor().at && token.is_still_given(&client));
        let token = good.ok_or_else(invalid_grant)?;
        active(tx.tenant(), token.user)?;
        let superfluous = super::superfluous(tx, client.id, token.family).await?;
        Ok(superfluous.then(token.exchange(new, &client, tx.editor())))
    };
    let token = write::as_client(app, tenant, client_id, work).await?;
    let text = credentials::of_token(&app.signing, tenant, &token)?;
    Ok(Issued { exchanged: true, ..Issued::of(token, text) })
}
