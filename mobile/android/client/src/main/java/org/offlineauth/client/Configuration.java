package org.offlineauth.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import okhttp3.OkHttpClient;

/** Says who logs in where. Issuer, client and redirect URI are required. */
public final class Configuration {
  final Issuer issuer;
  final String clientId;
  final RedirectUri redirectUri;
  final List<String> scopes;
  final List<Pin> pins;
  final OkHttpClient network;

  private Configuration(Builder b) throws InvalidUriException {
    issuer = new Issuer(b.issuer);
    clientId = b.clientId;
    redirectUri = new RedirectUri(b.redirectUri);
    scopes = Collections.unmodifiableList(new ArrayList<>(b.scopes));
    pins = Collections.unmodifiableList(new ArrayList<>(b.pins));
    network = b.network == null ? new OkHttpClient() : b.network;
    if (!clientId.matches("[!-~]{1,100}")) {
      throw new IllegalArgumentException("client_id is not 1 to 100 visible characters");
    }
  }

  /** The pin of a package, or null. */
  Pin pin(String packageName) {
    for (Pin pin : pins) {
      if (pin.packageName().equals(packageName)) {
        return pin;
      }
    }
    return null;
  }

  /** Makes a {@link Configuration}. */
  public static final class Builder {
    private final String issuer;
    private final String clientId;
    private final String redirectUri;
    private List<String> scopes = Collections.emptyList();
    private final List<Pin> pins = new ArrayList<>();
    private OkHttpClient network;

    /**
     * @param issuer issuer identifier, an https URL (RFC 8414 section 2)
     * @param clientId as registered; the client is a public one
     * @param redirectUri as registered (RFC 8252 section 7)
     */
    public Builder(String issuer, String clientId, String redirectUri) {
      this.issuer = issuer;
      this.clientId = clientId;
      this.redirectUri = redirectUri;
    }

    /** What to ask for; with "openid" an ID token is asked for and checked. */
    public Builder scopes(String... names) {
      scopes = Arrays.asList(names);
      return this;
    }

    /** An app that belongs to the issuer. Without one only logins over the network are possible. */
    public Builder pin(Pin pin) {
      pins.add(pin);
      return this;
    }

    /** The way over the network, instead of a plain OkHttpClient. Its redirects are not followed. */
    public Builder network(OkHttpClient client) {
      network = client;
      return this;
    }

    /** An IllegalArgumentException says what is wrong. */
    public Configuration build() {
      try {
        return new Configuration(this);
      } catch (InvalidUriException e) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
    }
  }
}
