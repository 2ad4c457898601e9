/**
 * An authorization app for Android, around the Go library.
 *
 * <p>Let your {@link android.app.Application} implement {@link
 * org.offlineauth.server.AuthorizationApp}, and take the manifest of this library into yours. {@link
 * org.offlineauth.server.HttpOverIpcService} then answers other apps, {@link
 * org.offlineauth.server.LinkActivity} takes authorization links, and {@link
 * org.offlineauth.server.PersonActivity} shows the person who asks for what. {@link
 * org.offlineauth.server.AuthorizationServer} is for code of your own that adds people and client
 * apps.
 *
 * <p>Beware: whoever can start {@code PersonActivity}, or reach {@code AuthorizationServer.app()},
 * decides in the person's name. Export neither.
 */
package org.offlineauth.server;
