package org.dcmigrate.peer;

import java.io.IOException;

/** How daemons of a test reach one another. */
interface Links {
  /** Without anything between them. */
  Links DIRECT = (from, to, port) -> port;

  /** The port on loopback at which one daemon is to call another, which listens on its own. */
  int port(String from, String to, int listening) throws IOException;
}
