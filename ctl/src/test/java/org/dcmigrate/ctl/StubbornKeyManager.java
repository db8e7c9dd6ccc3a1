package org.dcmigrate.ctl;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.dcmigrate.ctl.TestAuthority.Leaf;

/** Shows its certificate whatever CAs the server names. */
final class StubbornKeyManager extends X509ExtendedKeyManager {
  private final Leaf leaf;

  StubbornKeyManager(Leaf leaf) {
    this.leaf = leaf;
  }

  @Override
  public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
    return "leaf";
  }

  @Override
  public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
    return "leaf";
  }

  @Override
  public String[] getClientAliases(String type, Principal[] issuers) {
    return new String[] {"leaf"};
  }

  @Override
  public String[] getServerAliases(String type, Principal[] issuers) {
    return new String[] {"leaf"};
  }

  @Override
  public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
    return "leaf";
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return leaf.chainArray();
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return leaf.key();
  }
}
