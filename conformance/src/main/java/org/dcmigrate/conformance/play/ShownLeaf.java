package org.dcmigrate.conformance.play;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/** Shows its certificate, whatever authorities the other side names. */
final class ShownLeaf extends X509ExtendedKeyManager {
  private static final String ALIAS = "leaf";

  private final Authority.Leaf leaf;

  ShownLeaf(Authority.Leaf leaf) {
    this.leaf = leaf;
  }

  @Override
  public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
    return ALIAS;
  }

  @Override
  public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
    return ALIAS;
  }

  @Override
  public String[] getClientAliases(String type, Principal[] issuers) {
    return new String[] {ALIAS};
  }

  @Override
  public String[] getServerAliases(String type, Principal[] issuers) {
    return new String[] {ALIAS};
  }

  @Override
  public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
    return ALIAS;
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return new X509Certificate[] {leaf.certificate()};
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return leaf.key();
  }
}
