/*
 * A DTLS 1.2 peer of TLS_ECJPAKE_WITH_AES_128_CCM_8, on mbedTLS, over UDP on 127.0.0.1.
 *
 *   dtls-peer server PORT PASSWORD [mtu N] [ems 0|1] [silent 0|1]   waits for one client (port 0: any; see the line "listening")
 *   dtls-peer client PORT PASSWORD [mtu N] [ems 0|1]                connects, and says "ready"
 *
 * A server tells with an alert that the password is wrong, as OpenThread's border agent does; a silent one keeps it to itself, as mbedTLS alone does.
 * PASSWORD is hexadecimal. Whatever the other side says is said back. When the standard input ends, it says goodbye and ends.
 * Each event is one line on the standard output:
 *   listening PORT | connected MILLISECONDS | message BYTES | closed | goodbye | failed CODE
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mbedtls/ctr_drbg.h"
#include "mbedtls/entropy.h"
#include "mbedtls/ssl.h"
#include "mbedtls/ssl_cookie.h"
#include "mbedtls/timing.h"

enum { LARGEST_MESSAGE = 2048, FIRST_REPEAT_MS = 250, LAST_REPEAT_MS = 2000 };

struct socket_of {
    int descriptor;
};

static void say(const char *event, long value)
{
    printf("%s %ld\n", event, value);
    fflush(stdout);
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int take(void *context, unsigned char *buffer, size_t length, uint32_t timeout_ms)
{
    struct socket_of *socket = context;
    struct pollfd ready = {.fd = socket->descriptor, .events = POLLIN};
    int found = poll(&ready, 1, timeout_ms == 0 ? -1 : (int) timeout_ms);
    if (found == 0) {
        return MBEDTLS_ERR_SSL_TIMEOUT;
    }
    ssize_t taken = recv(socket->descriptor, buffer, length, 0);
    /* A port where nobody listens (yet) is a silent one. */
    return taken < 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int) taken;
}

static int give(void *context, const unsigned char *buffer, size_t length)
{
    struct socket_of *socket = context;
    ssize_t given = send(socket->descriptor, buffer, length, 0);
    return given < 0 ? (int) length : (int) given;
}

static size_t read_hex(const char *text, unsigned char *bytes, size_t room)
{
    size_t length = strlen(text) / 2;
    if (length > room) {
        return 0;
    }
    for (size_t at = 0; at < length; at++) {
        unsigned int byte;
        if (sscanf(text + 2 * at, "%2x", &byte) != 1) {
            return 0;
        }
        bytes[at] = (unsigned char) byte;
    }
    return length;
}

static int open_socket(int is_server, int port, struct sockaddr_in *peer)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!is_server) {
        *peer = address;
        return connect(descriptor, (struct sockaddr *) &address, sizeof(address)) == 0 ? descriptor : -1;
    }
    socklen_t length = sizeof(address);
    if (bind(descriptor, (struct sockaddr *) &address, sizeof(address)) != 0 ||
        getsockname(descriptor, (struct sockaddr *) &address, &length) != 0) {
        return -1;
    }
    say("listening", ntohs(address.sin_port));
    /* The first who says anything is the client. */
    length = sizeof(*peer);
    char byte;
    if (recvfrom(descriptor, &byte, 1, MSG_PEEK, (struct sockaddr *) peer, &length) < 0) {
        return -1;
    }
    return connect(descriptor, (struct sockaddr *) peer, sizeof(*peer)) == 0 ? descriptor : -1;
}

static int shake_hands(mbedtls_ssl_context *ssl, const unsigned char *password, size_t password_length, const struct sockaddr_in *peer)
{
    int is_server = mbedtls_ssl_conf_get_endpoint(ssl->MBEDTLS_PRIVATE(conf)) == MBEDTLS_SSL_IS_SERVER;
    int result;
    do {
        if ((result = mbedtls_ssl_session_reset(ssl)) != 0 || (result = mbedtls_ssl_set_hs_ecjpake_password(ssl, password, password_length)) != 0) {
            return result;
        }
        if (is_server &&
            (result = mbedtls_ssl_set_client_transport_id(ssl, (const unsigned char *) &peer->sin_port, sizeof(peer->sin_port))) != 0) {
            return result;
        }
        do {
            result = mbedtls_ssl_handshake(ssl);
        } while (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE);
    } while (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED);
    return result;
}

/* Says back what it hears, until one side says goodbye. */
static int converse(mbedtls_ssl_context *ssl, struct socket_of *socket)
{
    unsigned char message[LARGEST_MESSAGE];
    for (;;) {
        struct pollfd ready[2] = {{.fd = socket->descriptor, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        if (mbedtls_ssl_check_pending(ssl) == 0) {
            poll(ready, 2, -1);
            char ignored[64];
            if (ready[1].revents != 0 && read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0) {
                mbedtls_ssl_close_notify(ssl);
                say("goodbye", 0);
                return 0;
            }
            if (ready[0].revents == 0) {
                continue;
            }
        }
        int length = mbedtls_ssl_read(ssl, message, sizeof(message));
        if (length == MBEDTLS_ERR_SSL_WANT_READ || length == MBEDTLS_ERR_SSL_TIMEOUT) {
            continue;
        }
        if (length == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            mbedtls_ssl_close_notify(ssl);
            say("closed", 0);
            return 0;
        }
        if (length < 0) {
            return length;
        }
        say("message", length);
        int written = mbedtls_ssl_write(ssl, message, (size_t) length);
        if (written < 0) {
            return written;
        }
    }
}

int main(int count, char **arguments)
{
    if (count < 4) {
        fprintf(stderr, "dtls-peer server|client PORT PASSWORD [mtu N] [ems 0|1] [silent 0|1]\n");
        return 2;
    }
    int is_server = strcmp(arguments[1], "server") == 0;
    int port = atoi(arguments[2]);
    int mtu = 0;
    int ems = 1;
    int silent = 0;
    for (int at = 4; at + 1 < count; at += 2) {
        if (strcmp(arguments[at], "mtu") == 0) {
            mtu = atoi(arguments[at + 1]);
        } else if (strcmp(arguments[at], "ems") == 0) {
            ems = atoi(arguments[at + 1]);
        } else if (strcmp(arguments[at], "silent") == 0) {
            silent = atoi(arguments[at + 1]);
        }
    }
    unsigned char password[64];
    size_t password_length = read_hex(arguments[3], password, sizeof(password));

    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_cookie_ctx cookies;
    mbedtls_ssl_config configuration;
    mbedtls_ssl_context ssl;
    mbedtls_timing_delay_context timer;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_ssl_cookie_init(&cookies);
    mbedtls_ssl_config_init(&configuration);
    mbedtls_ssl_init(&ssl);

    static const int suites[] = {MBEDTLS_TLS_ECJPAKE_WITH_AES_128_CCM_8, 0};
    int result = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0);
    if (result == 0) {
        result = mbedtls_ssl_config_defaults(&configuration, is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                             MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
    }
    mbedtls_ssl_conf_rng(&configuration, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_ciphersuites(&configuration, suites);
    mbedtls_ssl_conf_handshake_timeout(&configuration, FIRST_REPEAT_MS, LAST_REPEAT_MS);
    mbedtls_ssl_conf_extended_master_secret(&configuration, ems ? MBEDTLS_SSL_EXTENDED_MS_ENABLED : MBEDTLS_SSL_EXTENDED_MS_DISABLED);
    if (result == 0 && is_server) {
        result = mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random);
        mbedtls_ssl_conf_dtls_cookies(&configuration, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    }
    if (result == 0) {
        result = mbedtls_ssl_setup(&ssl, &configuration);
    }
    if (result != 0) {
        say("failed", result);
        return 1;
    }
    if (mtu != 0) {
        mbedtls_ssl_set_mtu(&ssl, (uint16_t) mtu);
    }
    struct sockaddr_in peer;
    struct socket_of socket = {.descriptor = open_socket(is_server, port, &peer)};
    if (socket.descriptor < 0) {
        say("failed", errno);
        return 1;
    }
    mbedtls_ssl_set_bio(&ssl, &socket, give, NULL, take);
    mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);

    long begin = now_ms();
    result = shake_hands(&ssl, password, password_length, &peer);
    if (result == MBEDTLS_ERR_SSL_INVALID_MAC && !silent) {
        mbedtls_ssl_send_alert_message(&ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC);
    }
    if (result == 0) {
        say("connected", now_ms() - begin);
        if (!is_server) {
            mbedtls_ssl_write(&ssl, (const unsigned char *) "ready", 5);
        }
        result = converse(&ssl, &socket);
    }
    if (result != 0) {
        say("failed", result);
    }
    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&configuration);
    mbedtls_ssl_cookie_free(&cookies);
    mbedtls_ctr_drbg_free(&random);
    mbedtls_entropy_free(&entropy);
    return result == 0 ? 0 : 1;
}
